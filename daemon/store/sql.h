/* clang-format off */
/*
 * Every statement the store ever runs, in one table, prepared once. Rows name
 * things by the database's own small numbers; ids of the outside world are
 * looked up once. X(NAME, TEXT).
 */
#ifndef EVIDENT_STORE_SQL_H
#define EVIDENT_STORE_SQL_H

#define SQL_STATEMENTS(X)                                                     \
	X(BEGIN, "BEGIN IMMEDIATE")                                           \
	X(COMMIT, "COMMIT")                                                   \
	X(ROLLBACK, "ROLLBACK")                                               \
	X(SETTING_GET, "SELECT value FROM setting WHERE name=?")              \
	X(SETTING_PUT, "INSERT OR REPLACE INTO setting VALUES(?,?)")          \
	X(PARTNER_ADD,                                                        \
	    "INSERT INTO partner(author,name,card,serial,compared,mirror)"    \
	    " VALUES(?,?,?,?,0,?)")                                           \
	X(PARTNER_UPDATE,                                                     \
	    "UPDATE partner SET name=?,card=?,serial=?,compared=?,mirror=?"   \
	    " WHERE id=?")                                                    \
	X(PARTNER_COMPARED, "UPDATE partner SET compared=1 WHERE id=?")       \
	X(PARTNER_REMOVE, "UPDATE partner SET compared=0,removed=1,"          \
			  "name='' || hex(author) WHERE id=?")                \
	X(PARTNER_BY_NAME,                                                    \
	    "SELECT id,card,compared,mirror,removed,proxy FROM partner"       \
	    " WHERE name=? AND removed=0")                                    \
	X(PARTNER_BY_AUTHOR,                                                  \
	    "SELECT id,card,compared,mirror,removed,proxy FROM partner"       \
	    " WHERE author=?")                                                \
	X(PARTNER_BY_ID,                                                      \
	    "SELECT id,card,compared,mirror,removed,proxy FROM partner"       \
	    " WHERE id=?")                                                    \
	X(PARTNER_ALL,                                                        \
	    "SELECT id,card,compared,mirror,removed,proxy FROM partner"       \
	    " WHERE removed=0 ORDER BY name")                                 \
	X(PARTNER_PROXY, "UPDATE partner SET proxy=? WHERE id=?")             \
	X(PARTNER_REVIVE, "UPDATE partner SET removed=0 WHERE id=?")          \
	X(PARTNER_COUNT, "SELECT count(*) FROM partner WHERE removed=0")      \
	X(LOG_ADD, "INSERT INTO log(author,log,key,size,own,via)"             \
		   " VALUES(?,?,?,0,?,?)")                                    \
	X(LOG_FIND, "SELECT id,author,log,key,size,own,checkpoint FROM log"   \
		    " WHERE author=? AND log=?")                              \
	X(LOG_BY_ID, "SELECT id,author,log,key,size,own,checkpoint FROM log"  \
		     " WHERE id=?")                                           \
	X(LOG_ALL, "SELECT id,author,log,key,size,own,checkpoint FROM log"    \
		   " ORDER BY id")                                            \
	X(LOG_COUNT, "SELECT count(*) FROM log")                              \
	X(LOG_SIZE, "UPDATE log SET size=? WHERE id=?")                       \
	X(LOG_CHECKPOINT, "UPDATE log SET checkpoint=? WHERE id=?")           \
	X(LOG_NEWEST_OTHER,                                                   \
	    "SELECT checkpoint FROM log WHERE own=0 AND checkpoint NOT NULL"  \
	    " ORDER BY seen DESC LIMIT 1")                                    \
	X(LOG_TELL, "INSERT OR IGNORE INTO told VALUES(?,?)")                 \
	X(LOG_TOLD, "SELECT count(*) FROM log l WHERE l.id=?1 AND (l.via=?2"  \
		    " OR EXISTS(SELECT 1 FROM told t WHERE t.log=?1"          \
		    " AND t.partner=?2))")                                    \
	X(FRONTIER_PUT, "INSERT OR REPLACE INTO frontier VALUES(?,?)")        \
	X(FRONTIER_GET, "SELECT body FROM frontier WHERE partner=?")          \
	X(LOG_SEEN, "UPDATE log SET seen=? WHERE id=?")                       \
	X(FORK_ADD,                                                           \
	    "INSERT OR IGNORE INTO fork(log,note,seen) SELECT ?1,?2,?3"       \
	    " WHERE (SELECT count(*) FROM fork WHERE log=?1)<16")             \
	X(FORK_COUNT, "SELECT count(*) FROM fork")                            \
	X(NODE_GET, "SELECT hash FROM node WHERE log=? AND level=?"           \
		    " AND place=?")                                           \
	X(NODE_PUT, "INSERT OR REPLACE INTO node VALUES(?,?,?,?)")            \
	X(RECORD_ADD,                                                         \
	    "INSERT INTO record(entry,log,place,slot,stored,source,whole,"    \
	    "attachments,bytes) VALUES(?,?,?,?,?,?,?,?,?)")                   \
	X(BODY_ADD, "INSERT INTO body VALUES(?,?)")                           \
	X(BODY_GET, "SELECT sealed FROM body WHERE record=?")                 \
	X(LABEL_ADD, "INSERT INTO label VALUES(?,?)")                         \
	X(LABEL_GET, "SELECT sealed FROM label WHERE record=?")               \
	X(RECORD_FIND, "SELECT id,entry,log,place,slot,stored,source,whole,"  \
		       "attachments,bytes FROM record WHERE entry=?")         \
	X(RECORD_BY_ID, "SELECT id,entry,log,place,slot,stored,source,whole," \
			"attachments,bytes FROM record WHERE id=?")           \
	X(RECORD_AT, "SELECT id,entry,log,place,slot,stored,source,whole,"    \
		     "attachments,bytes FROM record WHERE log=? AND place=?") \
	X(RECORD_PREFIX, "SELECT id,entry,log,place,slot,stored,source,"      \
			 "whole,attachments,bytes FROM record"                \
			 " WHERE entry>=? AND entry<=? LIMIT 2")              \
	X(RECORD_PAGE, "SELECT id,entry,log,place,slot,stored,source,whole,"  \
		       "attachments,bytes FROM record WHERE id>? AND hidden=0"\
		       " ORDER BY id LIMIT ?")                                \
	X(RECORD_WHOLE, "UPDATE record SET whole=1 WHERE id=?")               \
	X(RECORD_HIDE, "UPDATE record SET hidden=1 WHERE id=?")               \
	X(RECORD_COUNT, "SELECT count(*) FROM record WHERE hidden=0")         \
	X(RECORD_SLOTS, "SELECT max(slot) FROM record")                       \
	X(ENVELOPE_ADD, "INSERT OR IGNORE INTO envelope VALUES(?,?,?,?,0)")   \
	X(ENVELOPE_GET, "SELECT sealed,hash,delivered FROM envelope"          \
			" WHERE record=? AND audience=?")                     \
	X(ENVELOPE_ALL, "SELECT audience,sealed,delivered FROM envelope"      \
			" WHERE record=?")                                    \
	X(ENVELOPE_DELIVERED, "UPDATE envelope SET delivered=1 WHERE record=?"\
			      " AND audience=? AND hash=?")                   \
	X(UNDELIVERED,                                                        \
	    "SELECT count(*) FROM envelope e JOIN record r ON r.id=e.record"  \
	    " JOIN log l ON l.id=r.log WHERE l.own=1 AND r.hidden=0"          \
	    " AND e.delivered=0 AND e.audience=?")                            \
	X(UNDELIVERED_ALL,                                                    \
	    "SELECT count(*) FROM envelope e JOIN record r ON r.id=e.record"  \
	    " JOIN log l ON l.id=r.log JOIN partner p ON p.author=e.audience" \
	    " WHERE l.own=1 AND r.hidden=0 AND e.delivered=0"                 \
	    " AND p.removed=0")                                               \
	X(OBJECT_ADD, "INSERT INTO object(record,number,digest,size,held,"    \
		      "whole,file,sealed) VALUES(?,?,?,?,?,?,?,?)")           \
	X(OBJECT_OF, "SELECT id,record,number,digest,size,held,whole,file,"   \
		     "sealed FROM object WHERE record=? AND number=?")        \
	X(OBJECT_BY_ID, "SELECT id,record,number,digest,size,held,whole,"     \
			"file,sealed FROM object WHERE id=?")                 \
	X(OBJECT_MISSING, "SELECT o.id,o.record,o.number,o.digest,o.size,"    \
			  "o.held,o.whole,o.file,o.sealed FROM object o"      \
			  " JOIN record r ON r.id=o.record"                   \
			  " WHERE o.whole=0 AND r.source=? AND o.digest>?"    \
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
	X(OBJECT_FILES, "SELECT file FROM object WHERE file=?")               \
	X(OWED_ADD, "INSERT OR IGNORE INTO owed VALUES(?,?)")                 \
	X(OWED_OF, "SELECT record FROM owed WHERE partner=?"                  \
		   " ORDER BY record LIMIT ?")                                \
	X(OWED_REMOVE, "DELETE FROM owed WHERE record=? AND partner=?")       \
	X(UNREAD_ADD, "INSERT OR IGNORE INTO unread VALUES(?)")               \
	X(UNREAD_NEXT, "SELECT record FROM unread ORDER BY record LIMIT 1")   \
	X(UNREAD_REMOVE, "DELETE FROM unread WHERE record=?")

#endif
