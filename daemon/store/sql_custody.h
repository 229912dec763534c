/* clang-format off */
/*
 * The statements about what was done with records and what was taken back
 * (sql.h).
 */
#ifndef EVIDENT_STORE_SQL_CUSTODY_H
#define EVIDENT_STORE_SQL_CUSTODY_H

#define SQL_CUSTODY_STATEMENTS(X)                                             \
	X(CUSTODY_ADD, "INSERT OR IGNORE INTO custody(subject,event,kind,"    \
	    "actor,time,detail,seen) VALUES(?,?,?,?,?,?,?)")                  \
	X(CUSTODY_OF, "SELECT event,kind,actor,time,detail FROM custody"      \
	    " WHERE subject=? ORDER BY time,seen,event")

#endif
