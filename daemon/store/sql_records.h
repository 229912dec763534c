/* clang-format off */
/*
 * The statements about records: their rows, envelopes and objects, and what is
 * owed for them (sql.h).
 */
#ifndef EVIDENT_STORE_SQL_RECORDS_H
#define EVIDENT_STORE_SQL_RECORDS_H

/* What partners are to confirm: all that is listed, and withdrawals. */
#define SQL_CONFIRMED                                                         \
	"(r.hidden=0 OR EXISTS(SELECT 1 FROM withdrawal v WHERE v.record=r.id))"

/* Not for the name under which a second envelope of one partner's stands. */
#define SQL_FOR_SOMEBODY                                                      \
	" EXISTS(SELECT 1 FROM partner q WHERE q.author=e.audience) "

/* What partner ?1 shall have beyond the logs it is offered: what was shared with
 * it and, if ?3 (it is a mirror), what came to this node beyond its place in a
 * log, unless the mirror wrote it or brought it. */
#define SQL_TO_SHARE                                                          \
	" (SELECT record FROM shared WHERE partner=?1 AND delivered=0"        \
	" UNION SELECT p.record FROM proven p JOIN record r"                  \
	" ON r.id=p.record JOIN log l ON l.id=r.log"                          \
	" WHERE ?3=1 AND l.own=0 AND r.source IS NOT ?1 AND" SQL_CONFIRMED    \
	" AND NOT EXISTS(SELECT 1 FROM unread u WHERE u.record=p.record) AND"     \
	" l.author<>(SELECT author FROM partner WHERE id=?1) AND"             \
	" NOT EXISTS(SELECT 1 FROM shared s WHERE s.record=p.record"          \
	" AND s.partner=?1)"                                                  \
	" EXCEPT SELECT record FROM withdrawn)"

/* A row of a record, for records_take_row(). */
#define SQL_RECORD_ROW                                                        \
	"SELECT id,entry,log,place,slot,stored,source,whole,attachments,"     \
	"bytes,coalesce((SELECT state FROM withdrawn w WHERE w.record=id),0),"\
	"EXISTS(SELECT 1 FROM withdrawal v WHERE v.record=id) FROM record"

#define SQL_RECORD_STATEMENTS(X)                                              \
	X(RECORD_ADD,                                                         \
	    "INSERT INTO record(entry,log,place,slot,stored,source,whole,"    \
	    "attachments,bytes) VALUES(?,?,?,?,?,?,?,?,?)")                   \
	X(BODY_ADD, "INSERT INTO body VALUES(?,?)")                           \
	X(BODY_GET, "SELECT sealed FROM body WHERE record=?")                 \
	X(LABEL_ADD, "INSERT INTO label VALUES(?,?)")                         \
	X(LABEL_GET, "SELECT sealed FROM label WHERE record=?")               \
	X(RECORD_FIND, SQL_RECORD_ROW " WHERE entry=?")                       \
	X(RECORD_BY_ID, SQL_RECORD_ROW " WHERE id=?")                         \
	X(RECORD_AT, SQL_RECORD_ROW " WHERE log=? AND place=?")               \
	X(RECORD_PREFIX, SQL_RECORD_ROW " WHERE entry>=? AND entry<=? LIMIT 2")\
	X(RECORD_PAGE, SQL_RECORD_ROW " WHERE id>? AND hidden=0"              \
		       " ORDER BY id LIMIT ?")                                \
	X(RECORD_PLACE, "UPDATE record SET place=? WHERE id=?")               \
	X(RECORD_WHOLE, "UPDATE record SET whole=1 WHERE id=?")               \
	X(RECORD_PRIVATE, "SELECT hidden, EXISTS(SELECT 1 FROM unread u"      \
		    " WHERE u.record=r.id) FROM record r WHERE r.id=?")       \
	X(RECORD_HIDE, "UPDATE record SET hidden=1 WHERE id=?")               \
	X(RECORD_NEWEST, "SELECT coalesce(max(stored),0) FROM record")        \
	X(RECORD_LAST, "SELECT coalesce(max(id),0) FROM record")              \
	X(RECORD_COUNT, "SELECT count(*) FROM record WHERE hidden=0")         \
	X(RECORD_SLOTS, "SELECT max(slot) FROM record")                       \
	X(ENVELOPE_ADD, "INSERT OR IGNORE INTO envelope VALUES(?,?,?,?,0)")   \
	X(ENVELOPE_GET, "SELECT sealed,hash,delivered FROM envelope"          \
			" WHERE record=? AND audience=?")                     \
	X(ENVELOPE_ALL, "SELECT audience,sealed,delivered FROM envelope"      \
			" WHERE record=?")                                    \
	X(ENVELOPE_TO_TRY, "SELECT audience FROM envelope e"                  \
	    " WHERE record=?1 ORDER BY audience<>?2,"                         \
	    " length(sealed)>524288, audience IS NOT"                         \
	    " (SELECT p.author FROM record r JOIN partner p ON p.id=r.source" \
	    " WHERE r.id=?1), NOT" SQL_FOR_SOMEBODY ", length(sealed) LIMIT ?3") \
	X(ENVELOPE_DELIVERED, "UPDATE envelope SET delivered=1"               \
	    " WHERE record=?1 AND audience=?2 AND hash=?3 AND"                \
	    " EXISTS(SELECT 1 FROM record r JOIN log l ON l.id=r.log"         \
	    " WHERE r.id=?1 AND l.own=1)")                                    \
	X(ENVELOPE_KNOWN, "SELECT 1 FROM envelope e JOIN record r"            \
	    " ON r.id=e.record WHERE r.entry=? AND e.hash=?")                 \
	X(UNDELIVERED, "SELECT count(*) + (SELECT count(*) FROM shared s"     \
	    " JOIN partner p ON p.id=s.partner JOIN record r ON r.id=s.record" \
	    " JOIN log l ON l.id=r.log WHERE p.author=?1 AND s.delivered=0"   \
	    " AND l.own=0 AND r.id<=?2 AND " SQL_CONFIRMED ")"                \
	    " FROM envelope e JOIN record r ON r.id=e.record"                 \
	    " JOIN log l ON l.id=r.log WHERE l.own=1 AND e.delivered=0"      \
	    " AND r.whole=1 AND e.audience=?1 AND r.id<=?2"                   \
	    " AND " SQL_CONFIRMED)             \
	X(UNDELIVERED_ALL,                                                    \
	    "SELECT count(*) + (SELECT count(*) FROM shared s"                \
	    " JOIN partner p ON p.id=s.partner JOIN record r ON r.id=s.record"\
	    " JOIN log l ON l.id=r.log WHERE p.removed=0 AND s.delivered=0"   \
	    " AND l.own=0 AND " SQL_CONFIRMED ")"                             \
	    " FROM envelope e JOIN record r ON r.id=e.record"  \
	    " JOIN log l ON l.id=r.log JOIN partner p ON p.author=e.audience" \
	    " WHERE l.own=1 AND r.whole=1 AND e.delivered=0 AND p.removed=0"  \
	    " AND " SQL_CONFIRMED)                                               \
	X(SHARED_ADD, "INSERT OR IGNORE INTO shared VALUES(?,?,0)")           \
	X(SHARED_FIND, "SELECT delivered=1 FROM shared WHERE record=?"          \
	    " AND partner=?")                                                 \
	X(SHARED_OF, "SELECT partner,delivered=1 FROM shared WHERE record=?") \
	X(SHARED_NEXT, "SELECT record FROM" SQL_TO_SHARE                      \
	    " WHERE record>?2 ORDER BY record LIMIT 1")                       \
	X(SHARED_OBJECT_AFTER, "SELECT id,digest FROM object WHERE whole=1"   \
	    " AND id>?2 AND record IN" SQL_TO_SHARE " ORDER BY id LIMIT 1")   \
	X(SHARED_DELIVERED, "UPDATE shared SET delivered=1 WHERE record=?1"   \
	    " AND partner=?2 AND EXISTS(SELECT 1 FROM envelope WHERE"         \
	    " record=?1 AND hash=?4 AND (audience=?3 OR"                      \
	    " EXISTS(SELECT 1 FROM record r JOIN log l ON l.id=r.log"         \
	    " WHERE r.id=?1 AND l.author=?3) OR"                              \
	    " EXISTS(SELECT 1 FROM withdrawal v WHERE v.record=?1)))")                        \
	X(PROVEN_FORWARDED, "INSERT OR REPLACE INTO shared SELECT ?1,?2,1"    \
	    " FROM proven WHERE record=?1 AND EXISTS(SELECT 1 FROM envelope"       \
	    " WHERE record=?1 AND hash=?3)")                                  \
	X(PROVEN_ADD, "INSERT OR IGNORE INTO proven VALUES(?,?)")             \
	X(PROVEN_GET, "SELECT sealed FROM proven WHERE record=?")             \
	X(LOG_COUNT_VIA, "SELECT count(*) FROM log WHERE via=? AND author"    \
	    " NOT IN (SELECT author FROM partner WHERE compared=1)")          \
	X(OBJECT_ADD, "INSERT INTO object(record,number,digest,size,held,"    \
		      "whole,file,sealed) VALUES(?,?,?,?,?,?,?,?)")           \
	X(OBJECT_OF, "SELECT id,record,number,digest,size,held,whole,file,"   \
		     "sealed FROM object WHERE record=? AND number=?")        \
	X(OBJECT_BY_ID, "SELECT id,record,number,digest,size,held,whole,"     \
			"file,sealed FROM object WHERE id=?")                 \
	X(OBJECT_MISSING, "SELECT o.id,o.record,o.number,o.digest,o.size,"    \
			  "o.held,o.whole,o.file,o.sealed FROM object o"      \
			  " JOIN owed w ON w.record=o.record"                 \
			  " WHERE o.whole=0 AND w.partner=? AND o.digest>?"   \
			  " ORDER BY o.digest LIMIT ?")                       \
	X(OBJECT_BY_DIGEST, "SELECT id,record,number,digest,size,held,whole," \
			    "file,sealed FROM object WHERE digest=? AND id>?" \
			    " ORDER BY id LIMIT 1")                           \
	X(OBJECT_AFTER, "SELECT r.place,o.id,o.digest FROM record r"          \
			" JOIN object o ON o.record=r.id WHERE r.log=?1"      \
			" AND (r.place,o.id)>(?2,?3) AND o.whole=1"           \
			" ORDER BY r.place,o.id LIMIT 1")                     \
	X(OBJECT_HELD, "UPDATE object SET held=? WHERE id=?")                 \
	X(OBJECT_WHOLE, "UPDATE object SET held=size,whole=1 WHERE id=?")     \
	X(OBJECT_LEFT, "SELECT count(*) FROM object WHERE record=?"           \
		       " AND whole=0")                                        \
	X(OBJECT_FILES, "SELECT file FROM object WHERE file=?")

#endif
