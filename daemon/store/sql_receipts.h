/* clang-format off */
/*
 * The statements about receipts: those that are owed, and what may be one and
 * was not read yet (sql.h).
 */
#ifndef EVIDENT_STORE_SQL_RECEIPTS_H
#define EVIDENT_STORE_SQL_RECEIPTS_H

#include "daemon/store/sql_records.h"

/* What was done with a record is confirmed if it came by way of partner ?2: who
 * passes it on does so until it knows that it came. */
#define SQL_PASSED_ON                                                         \
	"EXISTS(SELECT 1 FROM log l JOIN partner p ON p.id=?2"                \
	" WHERE l.id=r.log AND l.own=0 AND p.author<>l.author)"

#define SQL_RECEIPT_STATEMENTS(X)                                             \
	X(OWED_ADD, "INSERT INTO owed(record,partner,hash)"                   \
		    " SELECT r.id,?2,(SELECT e.hash FROM envelope e"          \
		    " WHERE e.record=?1 AND e.hash=?3) FROM record r"         \
		    " WHERE r.id=?1 AND (" SQL_CONFIRMED                      \
		    " OR " SQL_PASSED_ON ") AND NOT EXISTS("                  \
		    "SELECT 1 FROM withdrawn d WHERE d.record=r.id"           \
		    " AND d.state<>1) ON CONFLICT DO UPDATE"                  \
		    " SET hash=coalesce(excluded.hash,hash)")                 \
	X(OWED_OF, "SELECT o.record,o.hash FROM owed o JOIN record r"         \
		   " ON r.id=o.record WHERE o.partner=? AND r.whole=1"        \
		   " ORDER BY o.record LIMIT ?")                              \
	X(OWED_COUNT, "SELECT count(*) FROM owed WHERE partner=?"             \
		      " AND record<=?")                                       \
	X(OWED_TO, "SELECT 1 FROM owed WHERE record=? AND partner=?")         \
	X(OWED_REMOVE, "DELETE FROM owed WHERE record=? AND partner=?")       \
	X(UNREAD_ADD, "INSERT OR IGNORE INTO unread(record) VALUES(?)")       \
	X(UNREAD_NEXT, "SELECT record FROM unread ORDER BY record LIMIT ?")   \
	X(UNREAD_VOID, "UPDATE unread SET void=1 WHERE EXISTS"                \
	    "(SELECT 1 FROM record r WHERE r.id=unread.record"                \
	    " AND r.source=?)")                                               \
	X(UNREAD_IS_VOID, "SELECT void FROM unread WHERE record=?")           \
	X(UNREAD_REMOVE, "DELETE FROM unread WHERE record=?")

#endif
