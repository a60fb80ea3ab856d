/* SPDX-License-Identifier: Apache-2.0 */
/*  Which snapshots a replay begins with, and what is said of those that it does not. */
#include "engine/replay/market_file.h"

#include "engine/replay/market_block.h"
#include "engine/replay/replay.h"
#include "tests/unit/a_folder.h"
#include "tests/unit/a_journal.h"
#include "tests/unit/suite.h"

enum { ROUNDS = 30 };

static char folder[64], path[96], snapshots[128];
static a_journal j;
static ph_disk_posix disk;
static char refused[2048]; /* every sentence, one a line */

static void on_refused(void *arg, const char *sentence)
{
    (void)arg;
    strcat(refused, sentence);
    strcat(refused, "\n");
    ck_assert_uint_lt(strlen(refused), sizeof refused - 600);
}

static ph_state_head head_now(void)
{
    ph_journal_position end = ph_journal_end(j.journal);
    return (ph_state_head){
        .seq = end.seq, .at = end.at, .chain = end.chain, .market = {"market.test"}};
}

static uint64_t write_head(const ph_state_head *head)
{
    ck_assert_int_eq(ph_market_file_write(&disk.disk, head, j.m, 8), PH_OK);
    return head->seq;
}

static uint64_t write_now(void)
{
    ph_state_head head = head_now();
    return write_head(&head);
}

static void set_up(void)
{
    static const ph_key notary = {{7}};
    a_folder_make(folder, sizeof folder);
    snprintf(path, sizeof path, "%.60s/journal", folder);
    snprintf(snapshots, sizeof snapshots, "%.80s/" PH_MARKET_FILE_FOLDER, path);
    a_journal_open(&j, path, "market.test", &notary);
    ck_assert_int_eq(ph_disk_posix_open(snapshots, true, &disk), PH_OK);
    for (uint32_t n = 0; n < ROUNDS; n++)
        a_journal_round(&j, n);
    refused[0] = '\0';
}

static void tear_down(void)
{
    a_journal_close(&j);
    ph_disk_posix_close(&disk);
    a_folder_remove(folder);
}

/* Record that a replay begins behind; the market at its end is that of the journal. */
static uint64_t begin(uint64_t last)
{
    ph_replay *r;
    ph_replay_error err;
    const ph_replay_batch *b;
    ph_replay_snapshots from = {
        .directory = snapshots, .first = 1, .last = last, .on_refused = on_refused};
    ck_assert_int_eq(ph_replay_open(path, &r, &err), PH_OK);
    ck_assert_str_eq(ph_replay_market_name(r).s, "market.test");
    ph_status s = ph_replay_begin(r, &from, &err);
    uint64_t seq = ph_replay_snapshot(r)->seq;
    ck_assert_int_eq(s, seq == 0 ? PH_ENOTFOUND : PH_OK);
    while ((s = ph_replay_next(r, &b, &err)) == PH_OK)
        continue;
    ck_assert_msg(s == PH_EEND, "%s", err.text);
    ck_assert_uint_eq(ph_market_seq(ph_replay_market(r)), ph_market_seq(j.m));
    ck_assert_uint_eq(ph_market_contract_cnt(ph_replay_market(r)), ph_market_contract_cnt(j.m));
    ph_replay_close(r);
    return seq;
}

static void said(const char *text)
{
    ck_assert_msg(strstr(refused, text) != NULL, "\"%s\" is not in: %s", text, refused);
}

START_TEST(the_newest_up_to_a_record_is_taken)
{
    uint64_t first = write_now();
    a_journal_round(&j, 1);
    uint64_t second = write_now();
    a_journal_round(&j, 2);
    ck_assert_uint_eq(begin(UINT64_MAX), second);
    ck_assert_uint_eq(begin(second), second);
    ck_assert_uint_eq(begin(second - 1), first);
    ck_assert_uint_eq(begin(first - 1), 0);
    ck_assert_str_eq(refused, "");
}
END_TEST

START_TEST(no_folder_is_no_fault)
{
    ck_assert_int_eq(rmdir(snapshots), 0);
    ck_assert_uint_eq(begin(UINT64_MAX), 0);
    ck_assert_str_eq(refused, "");
}
END_TEST

START_TEST(one_that_the_journal_does_not_confirm_is_refused)
{
    uint64_t good = write_now();
    a_journal_round(&j, 1);
    ph_state_head head = head_now();
    head.chain.b[31] ^= 1;
    write_head(&head);
    ck_assert_uint_eq(begin(UINT64_MAX), good);
    said(".phs\": the journal has another chain hash at its record");
    head = head_now();
    head.at.ns++;
    write_head(&head);
    ck_assert_uint_eq(begin(UINT64_MAX), good);
    a_journal_cancel_all(&j, 5);
    head = head_now();
    head.seq = ph_market_seq(j.m); /* not durable yet */
    write_head(&head);
    refused[0] = '\0';
    a_journal_cancel_all(&j, 5); /* and then its record is in the middle of a batch */
    a_journal_commit(&j);
    ck_assert_uint_eq(begin(UINT64_MAX), good);
    said("no batch of the journal ends with its record");
    a_journal_cancel_all(&j, 5);
    head.seq = ph_market_seq(j.m);
    write_head(&head);
    refused[0] = '\0';
    ph_replay *r;
    ph_replay_error err;
    ph_replay_snapshots from = {
        .directory = snapshots, .first = 1, .last = UINT64_MAX, .on_refused = on_refused};
    ck_assert_int_eq(ph_replay_open(path, &r, &err), PH_OK);
    ck_assert_int_eq(ph_replay_begin(r, &from, &err), PH_OK);
    ck_assert_uint_eq(ph_replay_snapshot(r)->seq, good);
    ph_replay_close(r);
    said("the journal ends before its record");
    a_journal_commit(&j);
}
END_TEST

START_TEST(one_of_another_market_is_refused)
{
    ph_state_head head = head_now();
    head.market = (ph_text64){"market.else"};
    write_head(&head);
    ck_assert_uint_eq(begin(UINT64_MAX), 0);
    said("it is of another market");
}
END_TEST

/* The state itself states its own format and the sizes of the tables. */
static void head_alone(const void *state, void (*put)(void *arg, const void *bytes, size_t n),
                       void *arg)
{
    uint8_t bytes[200] = "PHSTATE1";
    bytes[8] = *(const uint8_t *)state; /* version */
    put(arg, bytes, sizeof bytes);
}

START_TEST(a_state_of_another_form_is_refused)
{
    static const uint8_t versions[] = {2, 200};
    static const char *const sentences[] = {"other sizes of tables",
                                            "another version of the format"};
    for (size_t i = 0; i < sizeof versions; i++) {
        ph_state_head head = head_now();
        ck_assert_int_eq(ph_state_file_write(&disk.disk, &head, head_alone, &versions[i], 8),
                         PH_OK);
        ck_assert_uint_eq(begin(UINT64_MAX), 0);
        said(sentences[i]);
    }
}
END_TEST

START_TEST(a_damaged_or_newer_file_is_refused)
{
    char name[PH_STATE_FILE_NAME_SIZE];
    uint64_t good = write_now();
    a_journal_round(&j, 1);
    uint64_t seq = write_now();
    ph_state_file_name(seq, name);
    static uint8_t bytes[1 << 22];
    size_t size = a_folder_read(snapshots, name, bytes, sizeof bytes);
    for (size_t at = 0; at < size; at += at < 300 ? 7 : 4999) {
        bytes[at] ^= 0x20;
        a_folder_write(snapshots, name, bytes, size);
        refused[0] = '\0';
        ck_assert_uint_eq(begin(UINT64_MAX), good);
        said(at >= 8 && at < 12 ? "format version is not known" : "bytes are not what was written");
        said(name);
        bytes[at] ^= 0x20;
    }
    a_folder_write(snapshots, name, bytes, size);
    ck_assert_uint_eq(begin(UINT64_MAX), seq);
}
END_TEST

/* Damage of the journal is the journal's, not the snapshot's. */
START_TEST(a_damaged_journal_is_no_reason_to_begin_earlier)
{
    (void)write_now();
    a_journal_close(&j);
    char segment[128];
    snprintf(segment, sizeof segment, "%s/00000000000000000001.phj", path);
    int file = open(segment, O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(pwrite(file, "x", 1, 2 * 4096 + 150), 1);
    ck_assert_int_eq(close(file), 0);
    ph_replay *r;
    ph_replay_error err;
    ph_replay_snapshots from = {
        .directory = snapshots, .first = 1, .last = UINT64_MAX, .on_refused = on_refused};
    ck_assert_int_eq(ph_replay_open(path, &r, &err), PH_OK);
    ck_assert_int_eq(ph_replay_begin(r, &from, &err), PH_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(err.text, "00000000000000000001.phj"));
    ck_assert_str_eq(refused, "");
    ph_replay_close(r);
    static const ph_key notary = {{7}};
    a_folder_remove(folder); /* what tear_down closes is another one */
    a_folder_make(folder, sizeof folder);
    snprintf(path, sizeof path, "%.60s/journal", folder);
    a_journal_open(&j, path, "market.test", &notary);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, the_newest_up_to_a_record_is_taken);
    tcase_add_test(t, no_folder_is_no_fault);
    tcase_add_test(t, one_that_the_journal_does_not_confirm_is_refused);
    tcase_add_test(t, one_of_another_market_is_refused);
    tcase_add_test(t, a_state_of_another_form_is_refused);
    tcase_add_test(t, a_damaged_or_newer_file_is_refused);
    tcase_add_test(t, a_damaged_journal_is_no_reason_to_begin_earlier);
}

int main(void)
{
    return suite_run("market_file", add);
}
