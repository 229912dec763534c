/* clang-format off */
/*
 * The statements about what was done with records and what was taken back
 * (sql.h).
 */
#ifndef EVIDENT_STORE_SQL_CUSTODY_H
#define EVIDENT_STORE_SQL_CUSTODY_H

#include "daemon/store/sql_records.h"

#define SQL_CUSTODY_STATEMENTS(X)                                             \
	X(CUSTODY_ADD, "INSERT OR IGNORE INTO custody(subject,event,kind,"    \
	    "actor,time,detail,seen) VALUES(?,?,?,?,?,?,?)")                  \
	X(CUSTODY_OF, "SELECT event,kind,actor,time,detail FROM"              \
	    " (SELECT *,row_number() OVER (PARTITION BY actor"                \
	    " ORDER BY seen DESC,event) n FROM custody WHERE subject=?"       \
	    " ORDER BY n,event LIMIT ?) ORDER BY time,seen,event")            \
	X(CUSTODY_COUNT, "SELECT count(*) FROM custody WHERE subject=?")      \
	X(CUSTODY_BY, "SELECT 1 FROM custody WHERE subject=? AND actor=?"     \
	    " AND kind=? LIMIT 1")                                            \
	X(WITHDRAWAL_ADD, "INSERT OR IGNORE INTO withdrawal VALUES(?,?)")     \
	X(WITHDRAWAL_BY, "SELECT l.author,max(l.own AND r.source IS NULL)"    \
	    " FROM withdrawal w"                                              \
	    " JOIN record r ON r.id=w.record JOIN log l ON l.id=r.log"        \
	    " WHERE w.target=? GROUP BY l.author")                            \
	X(WITHDRAWAL_NEWEST, "SELECT coalesce(max(record),0) FROM withdrawal")\
	X(WITHDRAWAL_NEXT, "SELECT r.id FROM withdrawal w"                    \
	    " CROSS JOIN record r ON r.entry=w.target"                        \
	    " WHERE w.target>? AND w.record>? AND r.hidden=0 AND"             \
	    " NOT EXISTS(SELECT 1 FROM withdrawn d WHERE d.record=r.id"       \
	    " AND d.state<>5) ORDER BY w.target LIMIT 1")                     \
	X(FORGET_NEXT, "SELECT r.id FROM record r JOIN log l ON l.id=r.log"   \
	    " WHERE l.own=1 AND r.hidden=0 AND r.whole=1 AND r.id>? AND"      \
	    " NOT EXISTS(SELECT 1 FROM withdrawn d WHERE d.record=r.id) AND"  \
	    " EXISTS(SELECT 1 FROM envelope e WHERE e.record=r.id"            \
	    " AND e.audience<>l.author) AND"                                  \
	    " NOT EXISTS(SELECT 1 FROM envelope e WHERE e.record=r.id"        \
	    " AND e.audience<>l.author AND" SQL_FOR_SOMEBODY "AND (e.delivered=0" \
	    " OR NOT EXISTS(SELECT 1 FROM partner p"                          \
	    " WHERE p.author=e.audience AND p.removed=0)"                     \
	    " OR EXISTS(SELECT 1 FROM custody c WHERE c.subject=r.entry"      \
	    " AND c.actor=e.audience AND c.kind='erased'))) AND"              \
	    " NOT EXISTS(SELECT 1 FROM shared s WHERE s.record=r.id"          \
	    " AND s.delivered=0) ORDER BY r.id LIMIT 1")                      \
	X(FORGOTTEN_WITHDRAWN, "UPDATE withdrawn SET state=3"                 \
	    " WHERE record=? AND state=5")                                    \
	X(WITHDRAWAL_PASS_ON, "INSERT OR IGNORE INTO shared"                  \
	    " SELECT w.record,p.id,0 FROM withdrawal w"                       \
	    " JOIN record r ON r.id=w.record JOIN log l ON l.id=r.log"        \
	    " JOIN partner p ON p.author<>l.author AND p.id IS NOT r.source"  \
	    " AND p.removed=0 WHERE w.target=?2 AND l.own=0"                  \
	    " AND l.author IN (?3,?4) AND"                                    \
	    " (EXISTS(SELECT 1 FROM shared s"                                 \
	    " WHERE s.record=?1 AND s.partner=p.id) OR"                       \
	    " p.id=(SELECT source FROM record WHERE id=?1) OR"                \
	    " (EXISTS(SELECT 1 FROM record t JOIN log o ON o.id=t.log"        \
	    " WHERE t.id=?1 AND o.own=1) AND p.author IN"                     \
	    " (SELECT audience FROM envelope WHERE record=?1 UNION"           \
	    " SELECT author FROM holder WHERE record=?1)))")                  \
	X(WITHDRAWAL_TELL, "INSERT OR IGNORE INTO shared"                     \
	    " SELECT w.record,p.id,0 FROM withdrawal w"                       \
	    " JOIN record r ON r.id=w.record JOIN log l ON l.id=r.log"        \
	    " JOIN partner p ON p.author=?3 AND p.removed=0"                  \
	    " WHERE w.target=?1 AND l.author=?2 AND l.own=0"                  \
	    " AND l.author<>?3 AND p.id IS NOT r.source")                     \
	X(WITHDRAWAL_AGAIN, "INSERT OR REPLACE INTO shared"                   \
	    " SELECT DISTINCT w.record,p.id,0 FROM withdrawal w"              \
	    " JOIN record r ON r.id=w.record JOIN log l ON l.id=r.log"        \
	    " JOIN partner p ON p.id=?1 WHERE"                                \
	    " (l.own=1 OR p.mirror=1 OR r.source=p.id OR"                     \
	    " EXISTS(SELECT 1 FROM shared s WHERE s.record=w.record"          \
	    " AND s.partner=p.id) OR EXISTS(SELECT 1 FROM record t"           \
	    " WHERE t.entry=w.target AND t.source=p.id))")                    \
	X(WITHDRAWAL_AHEAD, "INSERT OR IGNORE INTO shared"                    \
	    " SELECT DISTINCT w.record,p.id,0 FROM withdrawal w"              \
	    " JOIN record r ON r.id=w.record JOIN log l ON l.id=r.log"        \
	    " JOIN envelope e ON e.record=w.record"                           \
	    " JOIN partner p ON p.author=e.audience"                          \
	    " WHERE l.own=1 AND e.delivered=0 AND p.id=?")                    \
	X(WITHDRAWAL_TO_TELL, "SELECT s.record FROM shared s"                 \
	    " WHERE s.partner=? AND s.delivered=0 AND s.record>? AND"         \
	    " EXISTS(SELECT 1 FROM withdrawal w WHERE w.record=s.record)"     \
	    " ORDER BY s.record LIMIT 1")                                     \
	X(WITHDRAWN_ADD, "INSERT OR REPLACE INTO withdrawn"                   \
	    " VALUES(?,?,?,?,?)")                                             \
	X(WITHDRAWN_KEPT, "SELECT kept FROM withdrawn WHERE record=?")        \
	X(WITHDRAWN_LATELY, "SELECT count(*) FROM withdrawn"                  \
	    " WHERE author=? AND at>? AND state IN (2,3)")                          \
	X(WITHDRAWN_LATELY_BY, "SELECT count(*) FROM withdrawn d"             \
	    " JOIN record r ON r.id=d.record"                                 \
	    " WHERE at>?2 AND state IN (2,3) AND EXISTS("                     \
	    "SELECT 1 FROM withdrawal w JOIN record x ON x.id=w.record"       \
	    " JOIN log l ON l.id=x.log WHERE w.target=r.entry"                \
	    " AND l.author=?1)")                                              \
	X(WITHDRAWN_FROZEN, "SELECT count(*) FROM withdrawn WHERE state=1")   \
	X(WITHDRAWN_ERASING, "SELECT d.record,r.slot FROM withdrawn d"        \
	    " JOIN record r ON r.id=d.record WHERE d.state IN (2,4)"          \
	    " LIMIT ?")                                                       \
	X(WITHDRAWN_GONE, "UPDATE withdrawn SET state=state+1"                \
	    " WHERE record=? AND state IN (2,4)")                             \
	X(HOLDER_ADD_AUDIENCES, "INSERT OR IGNORE INTO holder"                \
	    " SELECT e.record,e.audience FROM envelope e WHERE e.record=?1"   \
	    " AND e.audience<>?2 AND" SQL_FOR_SOMEBODY)                       \
	X(HOLDER_ADD_SHARED, "INSERT OR IGNORE INTO holder"                   \
	    " SELECT s.record,p.author FROM shared s"                         \
	    " JOIN partner p ON p.id=s.partner WHERE s.record=?")             \
	X(HOLDER_OF, "SELECT author FROM holder WHERE record=?1 UNION"        \
	    " SELECT e.audience FROM envelope e JOIN record r ON r.id=e.record" \
	    " JOIN log l ON l.id=r.log WHERE e.record=?1 AND l.own=1"         \
	    " AND e.audience<>l.author AND" SQL_FOR_SOMEBODY "UNION"          \
	    " SELECT p.author FROM shared s JOIN partner p ON p.id=s.partner" \
	    " WHERE s.record=?1")                                             \
	X(ERASURE_ADD, "INSERT OR IGNORE INTO erasure VALUES(?,?)")           \
	X(ERASURE_OF, "SELECT e.record,r.entry FROM erasure e"                \
	    " JOIN withdrawn d ON d.record=e.record"                          \
	    " JOIN record r ON r.id=e.record"                                 \
	    " WHERE e.partner=? AND d.state=3 ORDER BY e.record LIMIT ?")     \
	X(ERASURE_REMOVE, "DELETE FROM erasure WHERE partner=? AND record=?") \
	X(DESTROY_BODY, "DELETE FROM body WHERE record=?")                    \
	X(DESTROY_ENVELOPES, "DELETE FROM envelope WHERE record=?")           \
	X(DESTROY_OBJECTS, "DELETE FROM object WHERE record=?")               \
	X(DESTROY_LABEL, "DELETE FROM label WHERE record=?")                  \
	X(DESTROY_PROVEN, "DELETE FROM proven WHERE record=?")                \
	X(DESTROY_OWED, "DELETE FROM owed WHERE record=?")                    \
	X(DESTROY_UNREAD, "DELETE FROM unread WHERE record=?")                \
	X(DESTROY_SHARED, "DELETE FROM shared WHERE record=?")                \
	X(DERIVED_NEXT, "SELECT c.event FROM withdrawn d"                     \
	    " CROSS JOIN record s ON s.id=d.record"                           \
	    " CROSS JOIN custody c ON c.subject=s.entry"                      \
	    " JOIN record r ON r.entry=c.event JOIN log l ON l.id=r.log"      \
	    " WHERE d.state IN (2,3) AND l.own=1 AND c.kind IN ('revision','derivative') AND"      \
	    " NOT EXISTS(SELECT 1 FROM withdrawal w WHERE w.target=c.event)"  \
	    " ORDER BY c.event LIMIT ?")

#endif
