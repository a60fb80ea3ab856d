/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/conninfo.h - can a connection string of libpq lead anywhere?

    libpq reads most options only when it connects, and what is wrong with one of them looks then
    like a database that is away.  This says it before: without a connection, from the string and
    the files that it names.  What the environment or a service file add is not looked at.

    Owns      nothing.
    Thread    one. */
#ifndef ENGINE_SETTLE_CONNINFO_H
#define ENGINE_SETTLE_CONNINFO_H

/* Hears of one fault: what is wrong, and what to do. */
typedef void (*ph_conninfo_on_fault)(void *arg, const char *sentence);

/* Tells of every fault:

     no connection string, an option that there is not
     password, sslpassword      others read the configuration, and who prints it: passfile=FILE
     port                       1 to 65535, of several hosts each
     sslmode and others of few words, seconds and other whole numbers
     passfile, sslkey           a regular file that nobody else can read
     sslcert, sslrootcert ...   a file that can be read */
void ph_conninfo_check(const char *conninfo, ph_conninfo_on_fault on_fault, void *arg);

#endif
