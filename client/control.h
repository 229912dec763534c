/*
 * Asking the daemon. Every function that answers an exit code has already said
 * on standard error what went wrong.
 */
#ifndef EVIDENT_CLIENT_CONTROL_H
#define EVIDENT_CLIENT_CONTROL_H

#include <jansson.h>

#include "client/command.h"
#include "proto/wire/control.h"

struct control;

/* Connect to the daemon of ${client}'s home, starting one if ${start} is set
 * and none runs. EXIT_NO_DAEMON otherwise. */
int control_open(struct client *client, bool start, struct control **ret);
void control_close(struct control *control);
void control_closep(struct control **control);

/* Send a request and wait for its last reply. ${what} labels a progress bar.
 * ${ret_json}, if not NULL, gets the reply's object (or NULL), to be released
 * by json_decref(). */
int control_call(struct control *control, const struct ctl_request *request,
    const int *fds, size_t fd_count, const char *what, json_t **ret_json);
/* The STATUS object. */
int control_ask_status(struct control *control, json_t **ret_json);

/* The state of the daemon that runs, without a word when none does or it ends
 * meanwhile: false then. */
bool control_peek_state(struct client *client, char ret_state[16]);

/* Half a call each, for sending ahead. control_take() puts an error's text
 * into ${ret_error} (to be freed) instead of saying it. */
int control_put(struct control *control, const struct ctl_request *request,
    const int *fds, size_t fd_count);
int control_take(struct control *control, json_t **ret_json, char **ret_error);

/* Open a connection, make one call with only ${op} and ${text}, close. */
int control_simple(struct client *client, bool start, enum ctl_op op,
    const char *text, json_t **ret_json);
/* Wait until the daemon has let go of the home: false when it does not. */
bool control_wait_gone(struct client *client);

#endif
