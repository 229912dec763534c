/*
 * Rows of custody events. Nothing here starts or ends a transaction.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/store/custody.h"

int custody_add(struct database *database, const struct custody_event *event)
{
	return database_run(database, SQL_CUSTODY_ADD, "bbtbtbi",
	    span_of(event->subject.bytes, sizeof event->subject.bytes),
	    span_of(event->event.bytes, sizeof event->event.bytes), event->kind,
	    span_of(event->actor.bytes, sizeof event->actor.bytes), event->time,
	    event->detail, (int64_t)time(NULL));
}

static int take(sqlite3_stmt *row, struct custody_event *ret_event)
{
	struct span event = database_column(row, 0);
	struct span actor = database_column(row, 2);

	if (event.len != sizeof ret_event->event.bytes ||
	    actor.len != sizeof ret_event->actor.bytes)
		return -EIO;
	memcpy(ret_event->event.bytes, event.data, event.len);
	memcpy(ret_event->actor.bytes, actor.data, actor.len);
	ret_event->kind = database_column(row, 1);
	ret_event->time = database_column(row, 3);
	ret_event->detail = database_column(row, 4);
	return 0;
}

int custody_each(struct database *database, const struct entry_id *subject,
    int (*each)(void *context, const struct custody_event *event),
    void *context)
{
	struct custody_event event = {.subject = *subject};
	sqlite3_stmt *row;
	int r;

	row = database_query(database, SQL_CUSTODY_OF, "bi",
	    span_of(subject->bytes, sizeof subject->bytes),
	    (int64_t)CUSTODY_EVENTS_MAX);
	while ((r = database_step(row)) == 1) {
		r = take(row, &event);
		if (r == 0)
			r = each(context, &event);
		if (r != 0) {
			database_done(row);
			return r;
		}
	}
	return r;
}

int custody_count(struct database *database, const struct entry_id *subject,
    int64_t *ret_count)
{
	return database_number(database, SQL_CUSTODY_COUNT, ret_count, "b",
	    span_of(subject->bytes, sizeof subject->bytes));
}

int custody_is(struct database *database, const struct entry_id *subject,
    const struct author_id *actor, const char *kind)
{
	int64_t found;
	int r;

	r = database_number(database, SQL_CUSTODY_BY, &found, "bbt",
	    span_of(subject->bytes, sizeof subject->bytes),
	    span_of(actor->bytes, sizeof actor->bytes), span_text(kind));
	return r == DATABASE_E_NONE ? 0 : r < 0 ? r : 1;
}
