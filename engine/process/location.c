/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/location.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/process/keyfile.h"

enum { PATH_SIZE = 1024, IPC_PATH_MAX = sizeof((struct sockaddr_un *)0)->sun_path - 1 };

/* One question about one value. */
typedef struct {
    const char *key, *value;
    char *why;
    size_t why_size;
} question;

static bool deny(const question *q, const char *what, const char *remedy)
{
    (void)snprintf(q->why, q->why_size, "\"%s\" is \"%.700s\", %s: %s", q->key, q->value, what,
                   remedy);
    return false;
}

static bool is_folder(const char *path, bool *ret_is_there)
{
    struct stat st;
    *ret_is_there = stat(path, &st) == 0;
    return *ret_is_there && S_ISDIR(st.st_mode);
}

static bool may(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

static void folder_of(const char *path, char to[PATH_SIZE])
{
    (void)snprintf(to, PATH_SIZE, "%s", path);
    size_t size = strlen(to);
    while (size > 1 && to[size - 1] == '/')
        to[--size] = '\0';
    char *slash = strrchr(to, '/');
    if (slash == NULL)
        (void)snprintf(to, PATH_SIZE, ".");
    else
        slash[slash == to ? 1 : 0] = '\0';
}

static bool check_folder(const question *q)
{
    bool is_there;
    if (!is_folder(q->value, &is_there)) {
        if (is_there) return deny(q, "which is no folder", "correct the path");
        return deny(q, "which is not there",
                    "correct the path, or start the program that makes it first");
    }
    if (!may(q->value, R_OK | X_OK))
        return deny(q, "which this user may not read",
                    "start the program as its own user, or give that user the right");
    return true;
}

/* The folder that `path` is in must be there, and be ours to write into. */
static bool check_folder_of(const question *q, const char *path, int mode)
{
    char folder[PATH_SIZE];
    bool is_there;
    folder_of(path, folder);
    if (!is_folder(folder, &is_there))
        return deny(q, is_there ? "whose folder is no folder" : "whose folder is not there",
                    "make the folder, or correct the path");
    if (!may(folder, mode))
        return deny(q, "in a folder that this user may not use",
                    "start the program as its own user, or give that user the right");
    return true;
}

static bool check_own_folder(const question *q)
{
    bool is_there, is_one = is_folder(q->value, &is_there);
    if (is_there && !is_one) return deny(q, "which is no folder", "correct the path");
    if (!is_there) return check_folder_of(q, q->value, W_OK | X_OK);
    if (!may(q->value, R_OK | W_OK | X_OK))
        return deny(q, "which this user may not write to",
                    "start the program as its own user, or give that user the right");
    return true;
}

static bool check_own_file(const question *q)
{
    struct stat st;
    if (stat(q->value, &st) == 0) {
        if (!S_ISREG(st.st_mode)) return deny(q, "which is no regular file", "correct the path");
        if (!may(q->value, R_OK | W_OK))
            return deny(q, "which this user may not write to",
                        "start the program as its own user, or give that user the right");
    }
    return check_folder_of(q, q->value, W_OK | X_OK);
}

static bool check_key_file(const question *q)
{
    ph_keyfile keys;
    char err[768];
    if (ph_keyfile_read(q->value, &keys, err, sizeof err) != PH_OK) {
        (void)snprintf(q->why, q->why_size,
                       "\"%s\": %s (petahour keygen writes such a file, for its owner only)",
                       q->key, err);
        return false;
    }
    ph_keyfile_wipe(&keys);
    return true;
}

static bool check_ipc(const question *q, int mode)
{
    if (strncmp(q->value, "ipc://", 6) != 0 || q->value[6] == '\0')
        return deny(q, "which is no socket of this machine", "write ipc:// and the socket's path");
    const char *path = q->value + 6;
    if (strlen(path) > IPC_PATH_MAX)
        return deny(q, "and a socket's path has at most 107 bytes", "choose a shorter folder");
    return check_folder_of(q, path, mode);
}

static bool read_port(const char *text, uint16_t *ret)
{
    size_t size = strlen(text);
    if (size < 1 || size > 5 || strspn(text, "0123456789") != size) return false;
    unsigned long v = strtoul(text, NULL, 10);
    *ret = (uint16_t)v;
    return v <= UINT16_MAX;
}

static bool check_tcp(const question *q)
{
    static const char remedy[] = "write tcp://ADDRESS:PORT, with * as port for a free one";
    uint16_t port;
    if (strncmp(q->value, "tcp://", 6) != 0) return deny(q, "which is no such address", remedy);
    const char *host = q->value + 6, *colon = strrchr(host, ':');
    if (colon == NULL || colon == host) return deny(q, "which lacks address or port", remedy);
    if (strcmp(colon + 1, "*") == 0) return true;
    if (!read_port(colon + 1, &port) || port == 0)
        return deny(q, "whose port is not from 1 to 65535", remedy);
    return true;
}

bool ph_location_loopback(const char *text, uint32_t *ret_ipv4, uint16_t *ret_port)
{
    uint32_t ipv4 = 0;
    for (int i = 0; i < 4; i++) {
        size_t size = strspn(text, "0123456789");
        uint16_t part;
        char digits[4] = "";
        if (size < 1 || size > 3) return false;
        memcpy(digits, text, size);
        if (!read_port(digits, &part) || part > 255) return false;
        if (text[size] != (i < 3 ? '.' : ':')) return false;
        ipv4 = ipv4 << 8 | part;
        text += size + 1;
    }
    if (ipv4 >> 24 != 127 || !read_port(text, ret_port)) return false;
    *ret_ipv4 = ipv4;
    return true;
}

static bool check_loopback(const question *q)
{
    uint32_t ipv4;
    uint16_t port;
    if (ph_location_loopback(q->value, &ipv4, &port)) return true;
    return deny(
        q, "which is no address of this machine alone",
        "write 127.0.0.1:PORT, with 0 as port for a free one; a proxy may offer it to others");
}

bool ph_location_check(const ph_config_row *row, const char *value, char *why, size_t why_size)
{
    const question q = {row->key, value, why, why_size};
    switch (row->type) {
    case PH_CONFIG_U32:
    case PH_CONFIG_U64:
    case PH_CONFIG_KEY_Z85:
    case PH_CONFIG_KEY_HEX:
    case PH_CONFIG_TEXT:
    case PH_CONFIG_PATH: return true;
    case PH_CONFIG_FOLDER: return value[0] == '\0' || check_folder(&q);
    case PH_CONFIG_OWN_FOLDER: return value[0] == '\0' || check_own_folder(&q);
    case PH_CONFIG_OWN_FILE: return value[0] == '\0' || check_own_file(&q);
    case PH_CONFIG_KEY_FILE: return value[0] == '\0' || check_key_file(&q);
    case PH_CONFIG_IPC_BIND: return value[0] == '\0' || check_ipc(&q, W_OK | X_OK);
    case PH_CONFIG_IPC_CONNECT: return value[0] == '\0' || check_ipc(&q, X_OK);
    case PH_CONFIG_TCP: return value[0] == '\0' || check_tcp(&q);
    case PH_CONFIG_LOOPBACK: return value[0] == '\0' || check_loopback(&q);
    }
    return true;
}
