/*
 * A malicious partner: partner NAME card [READER|- [ADDRESS]] writes its card,
 * partner NAME VICTIM-CARD PORT ATTACK [...] attacks who listens on that port
 * of 127.0.0.1. Its keys are made of its name.
 */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "tests/attack/attack.h"

static const struct {
	const char *name;
	void (*run)(struct scene *scene);
} attacks[] = {
    {"entries", attack_entries},
    {"proven", attack_proven},
    {"forks", attack_forks},
    {"framing", attack_framing},
    {"true-fork", attack_true_fork},
    {"cosign", attack_cosign},
    {"receipts", attack_receipts},
    {"receipt", attack_receipt},
    {"custody", attack_custody},
    {"withdraw", attack_withdraw},
    {"envelopes", attack_envelopes},
    {"ballast", attack_ballast},
    {"names", attack_names},
    {"replay", attack_replay},
    {"flood", attack_flood},
    {"objects", attack_objects},
    {"leaves", attack_leaves},
    {"logs", attack_logs},
    {"records", attack_records},
    {"frames", attack_frames},
    {"bombs", attack_bombs},
    {"trickle", attack_trickle},
    {"handshakes", attack_handshakes},
    {"tarpits", attack_tarpits},
    {"race", attack_race},
    {"serve", attack_serve},
};

static int write_card(const char *name, int argc, char **argv)
{
	const char *reader = argc > 0 && strcmp(argv[0], "-") ? argv[0] : NULL;
	struct persona self;
	struct buf card = {0};

	persona_make(name, &self);
	persona_seal_card(&self, reader, argc > 1 ? argv[1] : NULL, &card);
	fwrite(card.data, 1, card.len, stdout);
	buf_free(&card);
	return 0;
}

static int attack(int argc, char **argv)
{
	struct scene scene = {.argc = argc - 5, .argv = argv + 5};
	uint64_t port;
	size_t i;

	persona_make(argv[1], &scene.self);
	persona_make("a-stranger", &scene.other);
	persona_read_card(argv[2], &scene.victim);
	MUST(decimal_decode(span_text(argv[3]), &port) == 0 && port < 65536);
	scene.port = (uint16_t)port;
	for (i = 0; i < sizeof attacks / sizeof *attacks; i++)
		if (strcmp(attacks[i].name, argv[4]) == 0) {
			attacks[i].run(&scene);
			return 0;
		}
	return 2;
}

int main(int argc, char **argv)
{
	int r = 2;

	signal(SIGPIPE, SIG_IGN);
	if (sodium_init() < 0)
		return 1;
	if (argc >= 3 && strcmp(argv[2], "card") == 0)
		r = write_card(argv[1], argc - 3, argv + 3);
	else if (argc >= 5)
		r = attack(argc, argv);
	if (r == 2)
		fprintf(stderr,
		    "usage: partner NAME card [READER|- [ADDRESS]]\n"
		    "       partner NAME CARD PORT ATTACK [...]\n");
	return r;
}
