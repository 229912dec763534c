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
	    " WHERE p.id=?1 AND r.id=shared.record)")                         \
	X(LOG_LEFT_BEHIND, "DELETE FROM told WHERE partner=? AND log=?")      \
	X(RECOVER_SEND, "INSERT OR REPLACE INTO shared SELECT r.id,?2,0"      \
	    " FROM record r WHERE r.log=?1 AND (r.place<0 OR r.place>=?3)"    \
	    " AND (r.hidden=0 OR EXISTS(SELECT 1 FROM withdrawal w"           \
	    " WHERE w.record=r.id)) AND NOT EXISTS(SELECT 1 FROM withdrawn d" \
	    " WHERE d.record=r.id)")                                          \
	X(UNPROVEN_NEXT, "SELECT id FROM record r WHERE log=?1 AND hidden=0"  \
	    " AND place>=?2 AND place<?3 AND NOT EXISTS(SELECT 1 FROM proven"  \
	    " WHERE record=r.id) AND NOT EXISTS(SELECT 1 FROM withdrawn"      \
	    " WHERE record=r.id) ORDER BY place LIMIT 1")                     \
	X(RECOVERED_CONFIRM, "UPDATE envelope SET delivered=1"                \
	    " WHERE record=? AND audience=?")                                 \
	X(RECOVERED_TELL, "INSERT OR IGNORE INTO shared SELECT ?1,p.id,0"     \
	    " FROM partner p WHERE p.compared=1 AND p.removed=0"              \
	    " AND p.id<>?2")

#endif
