/* clang-format off */
/*
 * The statements about own logs of which a partner holds more, or something
 * else, and about bringing back what partners hold (sql.h).
 */
#ifndef EVIDENT_STORE_SQL_OWN_LOG_H
#define EVIDENT_STORE_SQL_OWN_LOG_H

#define SQL_OWN_LOG_STATEMENTS(X)                                             \
	X(PARTED_ADD, "INSERT OR IGNORE INTO parted VALUES(?,?)")             \
	X(PARTED_FIND, "SELECT 1 FROM parted WHERE log=? AND partner=?")      \
	X(PARTED_SEND, "INSERT OR IGNORE INTO shared SELECT r.id,?2,0"        \
	    " FROM record r LEFT JOIN envelope e"                             \
	    " ON e.record=r.id AND e.audience=?3 WHERE r.log=?1 AND"          \
	    " (e.delivered=0 OR (e.delivered IS NULL AND"                     \
	    " EXISTS(SELECT 1 FROM withdrawal w WHERE w.record=r.id)))")      \
	X(PARTED_TOLD, "DELETE FROM shared WHERE partner=?1 AND delivered=0"  \
	    " AND record<=?2 AND record IN (SELECT r.id"                      \
	    " FROM record r JOIN parted d"                                    \
	    " ON d.log=r.log AND d.partner=?1 WHERE r.hidden=1 AND"           \
	    " NOT EXISTS(SELECT 1 FROM withdrawal w WHERE w.record=r.id))")   \
	X(RECOVER_TOLD, "DELETE FROM shared WHERE partner=?1 AND delivered=0" \
	    " AND record<=?2 AND record IN (SELECT r.id FROM record r"        \
	    " JOIN log l ON l.id=r.log JOIN partner p ON p.author=l.author"   \
	    " WHERE p.id=?1) AND"                                             \
	    " NOT EXISTS(SELECT 1 FROM withdrawal w WHERE w.record=shared.record)")\
	X(SHARED_AGAIN, "UPDATE shared SET delivered=0 WHERE partner=?1"      \
	    " AND delivered=1 AND NOT EXISTS(SELECT 1 FROM record r"          \
	    " JOIN log l ON l.id=r.log JOIN partner p ON p.author=l.author"   \
	    " WHERE p.id=?1 AND r.id=shared.record) AND"                      \
	    " NOT EXISTS(SELECT 1 FROM withdrawn d"                           \
	    " WHERE d.record=shared.record)")                                 \
	X(SHARED_NO_MORE, "UPDATE envelope SET delivered=0"                   \
	    " WHERE audience=?2 AND delivered=1 AND record IN"                \
	    " (SELECT s.record FROM shared s JOIN record r ON r.id=s.record"  \
	    " JOIN log l ON l.id=r.log"                                       \
	    " WHERE s.partner=?1 AND s.delivered=0 AND l.own=1)")             \
	X(CONFIRMED_NO_MORE, "UPDATE envelope SET delivered=0"                \
	    " WHERE audience=?1 AND delivered=1 AND record IN"                \
	    " (SELECT r.id FROM record r WHERE r.log=?2 AND"                  \
	    " (r.place<0 OR r.place>=?3 OR"                                   \
	    " (r.place<?4 AND r.attachments>0)) AND NOT EXISTS"               \
	    "(SELECT 1 FROM withdrawn d WHERE d.record=r.id))")               \
	X(MIRRORED_AGAIN, "INSERT OR REPLACE INTO shared"                     \
	    " SELECT r.id,m.id,0 FROM partner m JOIN record r ON r.source=m.id" \
	    " JOIN proven p ON p.record=r.id JOIN log l ON l.id=r.log"        \
	    " WHERE m.id=? AND m.mirror=1 AND l.own=0 AND l.author<>m.author" \
	    " AND r.hidden=0 AND"                                             \
	    " NOT EXISTS(SELECT 1 FROM unread u WHERE u.record=r.id) AND"     \
	    " NOT EXISTS(SELECT 1 FROM withdrawn d WHERE d.record=r.id)")     \
	X(LEAVES_AGAIN, "UPDATE told SET size=coalesce((SELECT n.place"       \
	    " FROM node n WHERE n.log=told.log AND n.level=0"                 \
	    " AND n.place<told.size AND NOT EXISTS(SELECT 1 FROM record r"    \
	    " WHERE r.log=n.log AND r.place=n.place)"                         \
	    " ORDER BY n.place LIMIT 1),size)"                                \
	    " WHERE partner=?1 AND size>0 AND log IN"                         \
	    " (SELECT l.id FROM log l JOIN partner p ON p.id=?1"              \
	    " WHERE l.own=0 AND l.author<>p.author)")                         \
	X(SINGLE_AGAIN, "INSERT OR REPLACE INTO shared SELECT r.id,?1,0"      \
	    " FROM record r JOIN envelope e ON e.record=r.id"                 \
	    " AND e.audience=?2 WHERE r.log=?3 AND"                           \
	    " (r.place<0 OR r.place>=?4 OR (r.place<?5 AND e.delivered=0))"   \
	    " AND (r.hidden=0 OR EXISTS(SELECT 1 FROM parted d"               \
	    " WHERE d.log=r.log AND d.partner=?1)) AND"                       \
	    " NOT EXISTS(SELECT 1 FROM withdrawn d WHERE d.record=r.id)")     \
	X(LOG_LEFT_BEHIND, "DELETE FROM told WHERE partner=? AND log=?")      \
	X(RECOVER_SEND, "INSERT OR REPLACE INTO shared SELECT r.id,?2,0"      \
	    " FROM record r WHERE r.log=?1 AND (r.place<0 OR r.place>=?3)"    \
	    " AND (r.hidden=0 OR EXISTS(SELECT 1 FROM withdrawal w"           \
	    " WHERE w.record=r.id)) AND NOT EXISTS(SELECT 1 FROM withdrawn d" \
	    " WHERE d.record=r.id)")                                          \
	X(RECOVER_NOT, "DELETE FROM shared WHERE record=?1 AND partner IN"    \
	    " (SELECT p.id FROM record r JOIN log l ON l.id=r.log"            \
	    " JOIN partner p ON p.author=l.author WHERE r.id=?1)")            \
	X(UNPROVEN_NEXT, "SELECT id FROM record r WHERE log=?1 AND "          \
	    SQL_CONFIRMED " AND place>=?2 AND place<?3 AND NOT EXISTS(SELECT 1 FROM proven"  \
	    " WHERE record=r.id) AND NOT EXISTS(SELECT 1 FROM withdrawn"      \
	    " WHERE record=r.id) ORDER BY place LIMIT 1")                     \
	X(RECOVERED_CONFIRM, "UPDATE envelope SET delivered=1"                \
	    " WHERE record=? AND audience=?")                                 \
	X(RECOVERED_SHARE, "INSERT OR REPLACE INTO shared VALUES(?,?,?)")     \
	X(RECOVERED_WHOLE, "UPDATE shared SET delivered=0"                    \
	    " WHERE record=? AND delivered=2")                                \
	X(RECOVERED_TELL, "INSERT OR IGNORE INTO shared SELECT ?1,p.id,0"     \
	    " FROM partner p WHERE p.removed=0 AND p.id<>?2")

#endif
