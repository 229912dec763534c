/*
 * How much the courier takes and holds, and how long it waits.
 */
#ifndef EVIDENT_COURIER_LIMITS_H
#define EVIDENT_COURIER_LIMITS_H

#include "proto/wire/frame.h"

#define LINKS_MAX 64
#define LINKS_NEW_MAX 4  /* of one source address, not yet authenticated */
#define LINKS_PEER_MAX 4 /* that one partner has dialled */
#define OUTPUT_BYTES (512 * 1024)
#define INPUT_BYTES (WIRE_BODY_MAX + 65536)
#define RATE_PIECE_BYTES 1024 /* at once, to whom there is a rate */
#define HANDSHAKE_SECONDS 15
#define PROXY_SECONDS 120 /* Tor may have to build a circuit first */
#define FRAME_SECONDS 120 /* and one more for each FRAME_RATE bytes of it */
#define FRAME_RATE 512
#define TRANSIT_BYTES (4 * 1024 * 1024) /* that a line can hold */
#define TRANSIT_RATE 4096 /* bytes of it a second, and of a hash: */
#define HASH_RATE (16 * 1024 * 1024)
#define STORED_BYTES (8 * 1024 * 1024)

#endif
