/*
 * leaves: the ids of all entries of a log, with the author's checkpoint over
 * them, as one file (FORMAT.md, 11.3).
 *
 * A log may be long, so it is written slice by slice from the database to the
 * client's file, and what else the store has to do comes in between. What is
 * written was fixed when it began: leaves never change, and a log that grows
 * meanwhile grows behind the checkpoint.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/control.h"
#include "daemon/store/own_log.h"
#include "proto/format/file.h"
#include "proto/format/proof.h"

#define SLICE 8192 /* leaves */

struct leaves {
	int64_t log;
	uint64_t done, size;
	struct buf note; /* the checkpoint, as it ends the file */
	struct buf page; /* what is to be written next */
};

static void leaves_free(struct leaves *leaves)
{
	buf_free(&leaves->note);
	buf_free(&leaves->page);
	free(leaves);
}

/* The last word, and the end of it. */
static void finish(struct request *request, int result)
{
	struct leaves *leaves = request->state;
	const json_int_t entries = (json_int_t)leaves->size;

	leaves_free(leaves);
	request->state = NULL;
	if (result == 0)
		control_done(request, json_pack("{s:I}", "entries", entries));
	else
		control_fail_result(request, result > 0 ? -EIO : result);
}

static int flush_page(struct request *request)
{
	struct leaves *leaves = request->state;
	int r;

	r = file_write(
	    request->frame.fds[0], leaves->page.data, leaves->page.len);
	if (r == 0)
		leaves->page.len = 0;
	return r;
}

/* The next leaves into the page; a gap is damage. */
static int read_slice(struct store *store, struct leaves *leaves)
{
	uint64_t end = leaves->done + SLICE;
	struct span hash;
	sqlite3_stmt *row;
	int r, appended = 0;

	if (end > leaves->size)
		end = leaves->size;
	row = database_query(store->database, SQL_NODE_LEAVES, "iii",
	    leaves->log, (int64_t)leaves->done, (int64_t)end);
	while ((r = database_step(row)) == 1) {
		hash = database_column(row, 1);
		appended =
		    hash.len == 32 && (uint64_t)database_column_int(row, 0) ==
					  leaves->done
			? buf_append_hex(&leaves->page, hash.data, hash.len)
			: -EIO;
		if (appended == 0)
			appended = buf_append_text(&leaves->page, "\n");
		if (appended != 0)
			break;
		leaves->done++;
	}
	database_done(row);
	if (appended != 0 || r < 0)
		return appended != 0 ? appended : r;
	return leaves->done == end ? 0 : -EIO;
}

static void on_slice(evutil_socket_t fd, short what, void *context);

/* By way of a timer, so that sockets are looked at first. */
static int plan_slice(struct request *request)
{
	const struct timeval soon = {.tv_usec = 1};

	return event_base_once(request->store->base, -1, EV_TIMEOUT, on_slice,
		   request, &soon) < 0
		   ? -ENOMEM
		   : 0;
}

static int go_on(struct request *request)
{
	struct leaves *leaves = request->state;
	int r;

	r = read_slice(request->store, leaves);
	if (r == 0 && leaves->done == leaves->size)
		r = buf_append_span(&leaves->page, buf_span(&leaves->note));
	if (r == 0)
		r = flush_page(request);
	if (r == 0 && leaves->done < leaves->size) {
		control_progress(request, leaves->done, leaves->size);
		r = plan_slice(request);
	}
	return r;
}

static void on_slice(evutil_socket_t fd, short what, void *context)
{
	struct request *request = context;
	struct leaves *leaves = request->state;
	int r;

	(void)fd;
	(void)what;
	if (!request->connection) {
		finish(request, -ECANCELED); /* nobody hears it */
		return;
	}
	if (request->store->state != STORE_OPEN) {
		leaves_free(leaves);
		request->state = NULL;
		control_fail_code(request, WIRE_CODE_LOCKED);
		return;
	}
	r = go_on(request);
	if (r != 0 || leaves->done == leaves->size)
		finish(request, r);
}

/* --- which log ---------------------------------------------------------- */

/* By its origin, or by a record in it, whose place must then be covered. */
static int find_log(
    struct request *request, struct log_row *ret_log, uint64_t *ret_place)
{
	struct store *store = request->store;
	struct span text = request->ctl.text;
	char origin[NOTE_ORIGIN_MAX] = {0};
	struct record_row row;
	struct author_id author;
	struct log_id log;
	int r;

	*ret_place = 0;
	if (text.len < sizeof origin)
		memcpy(origin, text.data ? text.data : (void *)"", text.len);
	if (note_parse_origin(origin, &author, &log) == 0)
		return log_tree_find(store->database, &author, &log, ret_log);
	r = records_by_prefix(&store->records, text, &row);
	if (r != 0)
		return r;
	*ret_place = row.beside ? UINT64_MAX : row.place;
	return log_tree_load(store->database, row.log, ret_log);
}

/* The newest checkpoint, with the author's line alone: others would say who its
 * partners are. */
static int take_note(
    struct store *store, const struct log_row *log, struct leaves *leaves)
{
	char origin[NOTE_ORIGIN_MAX] = {0};
	struct buf note = {0};
	int r;

	note_origin(&log->author, &log->log, origin);
	r = log->own ? own_log_note(store, log, &note)
		     : buf_append_span(&note, buf_span(&log->checkpoint));
	leaves->size = log_tree_note_size(buf_span(&note));
	if (r == 0 && leaves->size > 0)
		r = proof_select_note(
		    buf_span(&note), origin, &log->key, NULL, 0, &leaves->note);
	buf_free(&note);
	return r;
}

/* What is to be written, or 1 after answering why it is not. */
static int prepare(struct request *request, struct leaves *leaves)
{
	struct log_row log = {.id = 0};
	uint64_t place = 0;
	int r;

	r = find_log(request, &log, &place);
	if (r != 0) {
		control_fail_result(request, r);
		return 1;
	}
	r = take_note(request->store, &log, leaves);
	if (r == 0 && (leaves->size <= place || leaves->size > log.size)) {
		control_fail(request, 1,
		    "this node does not have the whole log that this record "
		    "stands in",
		    "nothing is wrong with the record; whoever holds the log, "
		    "its author first of all, can write the leaves");
		r = 1;
	} else if (r != 0) {
		control_fail_result(request, r > 0 ? -EIO : r);
		r = 1;
	}
	leaves->log = log.id;
	log_row_free(&log);
	return r;
}

/* Another kind of file could have the store wait. */
static bool is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

void control_leaves(struct request *request)
{
	struct leaves *leaves;
	int r;

	if (!is_regular(request->frame.fds[0])) {
		control_fail(request, 1, "leaves go into a regular file",
		    "nothing was written");
		return;
	}
	leaves = calloc(1, sizeof *leaves);
	if (!leaves) {
		control_fail_result(request, -ENOMEM);
		return;
	}
	if (prepare(request, leaves) != 0) {
		leaves_free(leaves);
		return;
	}
	request->state = leaves;
	r = buf_printf(&leaves->page, "evident leaves v1\nentries %llu\n",
	    (unsigned long long)leaves->size);
	if (r == 0)
		r = go_on(request);
	if (r != 0 || leaves->done == leaves->size)
		finish(request, r);
}
