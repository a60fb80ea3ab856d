/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/process/keyfile.h - keys of one party, as `petahour keygen` writes them.

    INI text, mode 0600 or stricter; anything that others can read is refused:

      name = notary
      curve_public = <Z85, 40 characters>
      curve_secret = <Z85, 40 characters>
      sign_public = <hex, 64 characters>
      sign_seed = <hex, 64 characters>

    Secrets are wiped by ph_keyfile_wipe and never logged. */
#ifndef ENGINE_PROCESS_KEYFILE_H
#define ENGINE_PROCESS_KEYFILE_H

#include "engine/base/status.h"
#include "engine/base/types.h"

typedef struct {
    char name[64];
    ph_key curve_public, sign_public;
    uint8_t curve_secret[32];
    uint8_t sign_seed[32];
} ph_keyfile;

/* PH_ENOTFOUND: no such file; PH_EDENIED: others can read it; PH_ECORRUPT: not such a file.
   err (err_size bytes) receives a sentence on failure. */
ph_status ph_keyfile_read(const char *path, ph_keyfile *ret, char *err, size_t err_size);

void ph_keyfile_wipe(ph_keyfile *k);

#endif
