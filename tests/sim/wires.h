/*
 * Couriers, and what lies between them. Each node's courier is the real one but
 * for TLS: its connections end in a wire, whose bytes go on when the simulation
 * says so, as many as it says, and are lost when it cuts.
 */
#ifndef EVIDENT_TESTS_SIM_WIRES_H
#define EVIDENT_TESTS_SIM_WIRES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_NODES_MAX 8

/* How connections made from now on behave. */
struct wires_weather {
	bool down;       /* none is made */
	uint64_t budget; /* bytes until they are cut, both ways together; 0
			    never */
};
extern struct wires_weather wires_weather;

/* A courier for node ${node}, without a store: the one before it is gone, with
 * all its connections. */
int wires_courier_start(unsigned node);
void wires_courier_end(unsigned node);
/* Its channel to a store, taken over. */
int wires_take_store(unsigned node, int fd);
/* Whether it has something to do, whether its store has something of it to
 * read; and do it. */
bool wires_courier_is_ready(unsigned node);
bool wires_store_is_told(unsigned node);
void wires_courier_run(unsigned node);

/* Wires with bytes on the way: how many, and move ${len} at most of the
 * ${at}th. The numbers of the nodes it went from and to are told, and bytes. */
size_t wires_count_loaded(void);
size_t wires_carry(size_t at, size_t len, unsigned *ret_from, unsigned *ret_to);
size_t wires_load(size_t at);
/* Every wire is cut. */
void wires_cut_all(void);

#endif
