/* clang-format off */
/*
 * Every statement the store ever runs, in one table, prepared once. Rows name
 * things by the database's own small numbers; ids of the outside world are
 * looked up once. X(NAME, TEXT).
 */
#ifndef EVIDENT_STORE_SQL_H
#define EVIDENT_STORE_SQL_H

#include "daemon/store/sql_custody.h"
#include "daemon/store/sql_own_log.h"
#include "daemon/store/sql_receipts.h"
#include "daemon/store/sql_records.h"

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
	X(PARTNER_REMOVE, "UPDATE partner SET compared=0,removed=1,mirror=0,trusts=0," \
			  "name='' || hex(author) WHERE id=?")                \
	X(PARTNER_BY_NAME,                                                    \
	    "SELECT id,card,compared,mirror,removed,proxy,rate,met,trusts"    \
	    " FROM partner"                                                   \
	    " WHERE name=? AND removed=0")                                    \
	X(PARTNER_BY_AUTHOR,                                                  \
	    "SELECT id,card,compared,mirror,removed,proxy,rate,met,trusts"    \
	    " FROM partner"                                                   \
	    " WHERE author=?")                                                \
	X(PARTNER_BY_ID,                                                      \
	    "SELECT id,card,compared,mirror,removed,proxy,rate,met,trusts"    \
	    " FROM partner"                                                   \
	    " WHERE id=?")                                                    \
	X(PARTNER_ALL,                                                        \
	    "SELECT id,card,compared,mirror,removed,proxy,rate,met,trusts"    \
	    " FROM partner"                                                   \
	    " WHERE removed=0 ORDER BY name")                                 \
	X(PARTNER_PROXY, "UPDATE partner SET proxy=? WHERE id=?")             \
	X(PARTNER_RATE, "UPDATE partner SET rate=? WHERE id=?")               \
	X(PARTNER_MET, "UPDATE partner SET met=? WHERE author=?")             \
	X(PARTNER_TRUST, "UPDATE partner SET trusts=? WHERE id=?")            \
	X(PARTNER_REVIVE, "UPDATE partner SET removed=0 WHERE id=?")          \
	X(PARTNER_COUNT, "SELECT count(*) FROM partner WHERE removed=0")      \
	X(ENROLMENT_GET, "SELECT serial,keys FROM enrolment"                  \
	    " WHERE organisation=? AND member=?")                             \
	X(ENROLMENT_PUT, "INSERT OR REPLACE INTO enrolment(organisation,"     \
	    "member,serial,keys,in_force) VALUES(?,?,?,?,1)")                 \
	X(ENROLMENT_VOUCHES,                                                  \
	    "SELECT count(*) FROM enrolment WHERE organisation=?1"            \
	    " AND member=?2 AND keys=?3 AND in_force=1 AND"                   \
	    " (EXISTS(SELECT 1 FROM log WHERE own=1 AND author=?1) OR"        \
	    " EXISTS(SELECT 1 FROM partner WHERE author=?1 AND compared=1"    \
	    " AND removed=0 AND trusts=1))")                                  \
	X(ENROLMENT_SUSPEND, "UPDATE enrolment SET in_force=0"                \
	    " WHERE member=(SELECT author FROM partner WHERE id=?)")          \
	X(QUOTA_MAKE, "INSERT OR IGNORE INTO quota(partner) VALUES(?)")       \
	X(QUOTA_GET, "SELECT max_bytes,max_entries,max_rate,bytes,entries,"   \
	    "level,at FROM quota WHERE partner=?")                            \
	X(QUOTA_SET, "UPDATE quota SET max_bytes=?,max_entries=?,max_rate=?"  \
	    " WHERE partner=?")                                               \
	X(QUOTA_USE, "UPDATE quota SET bytes=?,entries=?,level=?,at=?"        \
	    " WHERE partner=?")                                               \
	X(LOG_ADD, "INSERT INTO log(author,log,key,size,own,via)"             \
		   " VALUES(?,?,?,0,?,?)")                                    \
	X(LOG_FIND, "SELECT id,author,log,key,size,own,checkpoint FROM log"   \
		    " WHERE author=? AND log=?")                              \
	X(LOG_BY_ID, "SELECT id,author,log,key,size,own,checkpoint FROM log"  \
		     " WHERE id=?")                                           \
	X(LOG_ALL, "SELECT id,author,log,key,size,own,checkpoint FROM log"    \
		   " ORDER BY id")                                            \
	X(LOG_COUNT_BY, "SELECT count(*) FROM log WHERE author=?")            \
	X(LOG_COUNT_OF, "SELECT count(*) FROM log WHERE author=? AND size>0") \
	X(LOG_SIZE, "UPDATE log SET size=? WHERE id=?")                       \
	X(LOG_CHECKPOINT, "UPDATE log SET checkpoint=? WHERE id=?")           \
	X(LOG_AHEAD_PUT, "UPDATE log SET ahead=? WHERE id=?")                 \
	X(LOG_AHEAD_GET, "SELECT ahead FROM log WHERE id=?"                   \
			 " AND ahead NOT NULL")                               \
	X(LOG_EDGE_PUT, "UPDATE log SET edge=? WHERE id=?")                   \
	X(LOG_EDGE_GET, "SELECT edge FROM log WHERE id=?"                     \
			" AND edge NOT NULL")                                 \
	X(LOG_NEWEST_OTHER,                                                   \
	    "SELECT checkpoint FROM log WHERE own=0 AND checkpoint NOT NULL"  \
	    " ORDER BY seen DESC LIMIT 1")                                    \
	X(LOG_BRING, "INSERT INTO told(log,partner,size) VALUES(?,?,?)"       \
		     " ON CONFLICT DO UPDATE SET size=max(size,excluded.size)")\
	X(LOG_BROUGHT, "SELECT size FROM told WHERE log=? AND partner=?")     \
	X(FRONTIER_PUT, "INSERT OR REPLACE INTO frontier VALUES(?,?,?)")      \
	X(FRONTIER_GET, "SELECT body,due FROM frontier WHERE partner=?")      \
	X(LOG_SEEN, "UPDATE log SET seen=? WHERE id=?")                       \
	X(FORK_ADD,                                                           \
	    "INSERT OR IGNORE INTO fork(log,note,seen) SELECT ?1,?2,?3"       \
	    " WHERE (SELECT count(*) FROM fork WHERE log=?1)<16")             \
	X(FORK_FIND, "SELECT 1 FROM fork WHERE log=? AND note=?")             \
	X(FORK_COUNT, "SELECT count(*) FROM fork")                            \
	X(NODE_GET, "SELECT hash FROM node WHERE log=? AND level=?"           \
		    " AND place=?")                                           \
	X(NODE_LEAVES, "SELECT place,hash FROM node WHERE log=? AND level=0"  \
		       " AND place>=? AND place<? ORDER BY place")            \
	X(NODE_PUT, "INSERT OR REPLACE INTO node VALUES(?,?,?,?)")            \
	SQL_CUSTODY_STATEMENTS(X)                                             \
	SQL_OWN_LOG_STATEMENTS(X)                                             \
	SQL_RECEIPT_STATEMENTS(X)                                             \
	SQL_RECORD_STATEMENTS(X)

#endif
