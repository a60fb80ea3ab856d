/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/conninfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/settle/pg.h"

typedef enum { SECRET, PORTS, WORD, NUMBER, OWN_FILE, FILE_READ } kind;

/* Options that are not written here say what only a server can judge. */
static const struct {
    const char *name;
    kind kind;
    const char *words; /* of WORD; of FILE_READ one that is no file */
} options[] = {
    {"password", SECRET, NULL},
    {"sslpassword", SECRET, NULL},
    {"port", PORTS, NULL},
    {"sslmode", WORD, "disable allow prefer require verify-ca verify-full"},
    {"channel_binding", WORD, "disable prefer require"},
    {"gssencmode", WORD, "disable prefer require"},
    {"target_session_attrs", WORD, "any read-write read-only primary standby prefer-standby"},
    {"ssl_min_protocol_version", WORD, "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"},
    {"ssl_max_protocol_version", WORD, "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"},
    {"connect_timeout", NUMBER, NULL},
    {"keepalives", NUMBER, NULL},
    {"keepalives_idle", NUMBER, NULL},
    {"keepalives_interval", NUMBER, NULL},
    {"keepalives_count", NUMBER, NULL},
    {"tcp_user_timeout", NUMBER, NULL},
    {"passfile", OWN_FILE, NULL},
    {"sslkey", OWN_FILE, NULL},
    {"sslcert", FILE_READ, NULL},
    {"sslrootcert", FILE_READ, "system"},
    {"sslcrl", FILE_READ, NULL},
};

typedef struct {
    ph_conninfo_on_fault on_fault;
    void *arg;
} reading;

__attribute__((format(printf, 2, 3))) static void tell(const reading *r, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    r->on_fault(r->arg, text);
}

static bool is_number(const char *text, size_t size, long max)
{
    if (size == 0 || size > 9 || strspn(text, "0123456789") < size) return false;
    return strtol(text, NULL, 10) <= max;
}

/* "5432", or one for each host, "5432,5433"; an empty one is the usual port. */
static bool are_ports(const char *text)
{
    for (;;) {
        size_t size = strcspn(text, ",");
        if (size > 0 && (!is_number(text, size, UINT16_MAX) || strtol(text, NULL, 10) == 0))
            return false;
        if (text[size] == '\0') return true;
        text += size + 1;
    }
}

static bool is_one_of(const char *words, const char *text)
{
    size_t size = strlen(text);
    for (const char *at = words; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, " ");
        if (length == size && strncmp(at, text, size) == 0) return true;
        at += length + (at[length] == ' ');
    }
    return false;
}

/* What libpq does not let others do: the key of a service may be root's, and its group read it. */
static mode_t closed_to(const char *name, const struct stat *st)
{
    mode_t others = S_IRWXG | S_IRWXO;
    return strcmp(name, "sslkey") == 0 && st->st_uid == 0 ? others & ~(mode_t)S_IRGRP : others;
}

static void check_file(const reading *r, const char *name, const char *path, bool is_own)
{
    struct stat st;
    if (stat(path, &st) != 0)
        tell(r, "%s is \"%s\", which could not be found: %s; correct the path", name, path,
             strerror(errno));
    else if (!S_ISREG(st.st_mode))
        tell(r, "%s is \"%s\", which is no regular file: correct the path", name, path);
    else if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0)
        tell(r,
             "%s is \"%s\", which this user may not read: start the program as its own user, or "
             "give that user the right",
             name, path);
    else if (is_own && (st.st_mode & closed_to(name, &st)) != 0)
        tell(r, "%s is \"%s\", which others can read (mode %04o): run chmod 600 on it", name, path,
             (unsigned)(st.st_mode & 07777));
}

static void check_option(void *arg, const char *name, const char *value)
{
    const reading *r = arg;
    size_t i = 0;
    while (i < sizeof options / sizeof options[0] && strcmp(options[i].name, name) != 0)
        i++;
    if (i == sizeof options / sizeof options[0] || value[0] == '\0') return;
    const char *words = options[i].words;
    switch (options[i].kind) {
    case SECRET:
        tell(r,
             "it has a password in it (%s): write passfile=FILE instead, and put the password into "
             "that file, with mode 0600; or let the server know this user (peer, cert)",
             name);
        break;
    case PORTS:
        if (!are_ports(value)) tell(r, "port is \"%s\": write a number from 1 to 65535", value);
        break;
    case WORD:
        if (!is_one_of(words, value)) tell(r, "%s is \"%s\": write one of %s", name, value, words);
        break;
    case NUMBER:
        value += value[0] == '-';
        if (!is_number(value, strlen(value), INT32_MAX))
            tell(r, "%s is \"%s\": write a whole number", name, value);
        break;
    case OWN_FILE: check_file(r, name, value, true); break;
    case FILE_READ:
        if (!is_one_of(words, value)) check_file(r, name, value, false);
        break;
    }
}

void ph_conninfo_check(const char *conninfo, ph_conninfo_on_fault on_fault, void *arg)
{
    reading r = {on_fault, arg};
    ph_pg_error e = {0};
    if (ph_pg_conninfo_each(conninfo, check_option, &r, &e) != PH_OK) on_fault(arg, e.text);
}
