/* SPDX-License-Identifier: Apache-2.0 */
/* A contract as the scheduler of a supplier takes it: Slurm, Kubernetes. */
#include "clients/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

enum { NS_PER_S = 1000000000, TEXT_MAX = 256, EARLY_S = 60 };

/* What both ask for, and the contract. */
typedef struct {
    const char *path, *users, *accounts, *partition, *image, *guard_image, *resource, *selector;
    cli_keys keys;
    uint32_t per_node;
    cli_common common;
    cli_saved saved;
    cli_run *runs;
    size_t run_cnt;
    uint64_t now_s;
} handing;

static cli_exit load(handing *h)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    h->now_s = (uint64_t)now.tv_sec;
    cli_exit e = cli_saved_read(h->path, &h->saved);
    if (e != CLI_DONE) return e;
    e = cli_saved_verify(&h->saved, NULL, &h->keys, NULL);
    if (e == CLI_DONE) e = cli_runs_of(&h->saved.contract, &h->runs, &h->run_cnt);
    if (e != CLI_DONE) cli_saved_free(&h->saved);
    return e;
}

static void unload(handing *h)
{
    free(h->runs);
    cli_saved_free(&h->saved);
}

static uint64_t start_s(const handing *h, const cli_run *r)
{
    return (uint64_t)r->first_period * h->saved.contract.period_seconds;
}

static uint64_t end_s(const handing *h, const cli_run *r)
{
    return ((uint64_t)r->first_period + r->periods) * h->saved.contract.period_seconds;
}

static bool is_over(const handing *h)
{
    for (size_t i = 0; i < h->run_cnt; i++)
        if (end_s(h, &h->runs[i]) > h->now_s) return false;
    return true;
}

/* Names that go to a shell as they are. */
static bool is_plain(const char *text)
{
    return text == NULL || text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                             "0123456789_.,@-")] == '\0';
}

static bool has_unit(const handing *h, const char *unit)
{
    return strcmp(h->saved.contract.unit, unit) == 0;
}

/* ---- Slurm ---------------------------------------------------------------------------------- */

static cli_exit check_slurm(const handing *h)
{
    if ((h->users == NULL) == (h->accounts == NULL))
        return cli_say(CLI_USAGE, "give --users or --accounts: who may use the reservation");
    if (!is_plain(h->users) || !is_plain(h->accounts) || !is_plain(h->partition))
        return cli_say(CLI_USAGE, "a name has other characters than letters, digits and _.,@-");
    bool whole = has_unit(h, "node") || has_unit(h, "core");
    if (!whole && h->per_node == 0)
        return cli_say(CLI_USAGE,
                       "a contract of units \"%s\" needs --per-node: Slurm reserves nodes and "
                       "cores, so how many of them a node has",
                       h->saved.contract.unit);
    if (is_over(h)) return cli_say(CLI_REFUSED, "every hour of the contract is over");
    return CLI_DONE;
}

/* "2026-12-01T00:00:00", UTC */
static const char *clock_text(uint64_t s, char to[40])
{
    phc_time_text(s * NS_PER_S, to);
    to[strcspn(to, "Z")] = '\0';
    return to;
}

/* Units that nodes hold are reserved by whole nodes: what was not sold is given away with them, and
   can be reserved for nobody else. */
static uint32_t whole_nodes(const handing *h, const cli_run *r)
{
    uint32_t over = r->quantity % h->per_node;
    uint32_t nodes = r->quantity / h->per_node + (over != 0);
    char start[40];
    if (over == 0) return nodes;
    (void)cli_say(
        CLI_DONE,
        "from %s: %u units are not whole nodes of %u; the reservation takes %u node%s, and "
        "with them %u more than were sold",
        phc_time_text(start_s(h, r) * NS_PER_S, start), r->quantity, h->per_node, nodes,
        nodes == 1 ? "" : "s", h->per_node - over);
    return nodes;
}

static void print_reservation(const handing *h, const cli_run *r)
{
    char start[40], end[40], amount[48];
    const phc_contract *c = &h->saved.contract;
    if (end_s(h, r) <= h->now_s) return;
    if (has_unit(h, "core"))
        snprintf(amount, sizeof amount, "CoreCnt=%u", r->quantity);
    else if (has_unit(h, "node"))
        snprintf(amount, sizeof amount, "NodeCnt=%u", r->quantity);
    else
        snprintf(amount, sizeof amount, "NodeCnt=%u", whole_nodes(h, r));
    printf("TZ=UTC scontrol create reservation ReservationName=petahour_%llu_%u StartTime=%s "
           "EndTime=%s %s %s=%s%s%s\n",
           (unsigned long long)c->contract, r->first_period,
           start_s(h, r) <= h->now_s ? "now" : clock_text(start_s(h, r), start),
           clock_text(end_s(h, r), end), amount, h->users != NULL ? "Users" : "Accounts",
           h->users != NULL ? h->users : h->accounts, h->partition != NULL ? " PartitionName=" : "",
           h->partition != NULL ? h->partition : "");
}

int cli_contract_reservation(int argc, char **argv)
{
    handing h = {.per_node = 0};
    cli_field fields[] = {
        {.name = "FILE", .kind = CLI_TEXT, .required = true, .to = &h.path},
        {.name = "notary-key",
         .arg = "HEX",
         .kind = CLI_KEYS_HEX,
         .required = true,
         .to = &h.keys,
         .doc = "Public key of the exchange's notary: the contract is verified first"},
        {.name = "users",
         .arg = "NAMES",
         .kind = CLI_TEXT,
         .to = &h.users,
         .doc = "Users of the cluster that the buyer works as"},
        {.name = "accounts",
         .arg = "NAMES",
         .kind = CLI_TEXT,
         .to = &h.accounts,
         .doc = "Or its accounts, where the cluster keeps accounts"},
        {.name = "partition",
         .arg = "NAME",
         .kind = CLI_TEXT,
         .to = &h.partition,
         .doc = "Where to reserve (default: the cluster's default partition)"},
        {.name = "per-node",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .to = &h.per_node,
         .doc = "Units that a node has, of a contract of neither nodes nor cores"},
    };
    cli_read(
        argc, argv,
        "Prints the commands that reserve a saved contract's hours in a Slurm cluster, one for "
        "each run of hours with the same number of units: a shell with an administrator's "
        "rights takes them.  Needs no connection.",
        fields, CNT(fields), &h.common);
    if (h.common.json)
        return cli_say(CLI_USAGE, "there is no --json of commands for a shell; `petahour contract "
                                  "manifest` is JSON");
    cli_exit e = load(&h);
    if (e != CLI_DONE) return (int)e;
    e = check_slurm(&h);
    for (size_t i = 0; e == CLI_DONE && i < h.run_cnt; i++)
        print_reservation(&h, &h.runs[i]);
    unload(&h);
    return (int)e;
}

/* ---- Kubernetes ----------------------------------------------------------------------------- */

/* Name of the resource and how much of it a unit is; of a node there is none. */
static const char *resource_of(const handing *h)
{
    if (h->resource != NULL) return h->resource;
    return has_unit(h, "core") ? "cpu" : "nvidia.com/gpu";
}

static cli_exit check_kubernetes(const handing *h)
{
    if (h->per_node == 0) return cli_say(CLI_USAGE, "--per-pod is at least 1");
    if (has_unit(h, "node") && h->per_node != 1)
        return cli_say(CLI_USAGE, "a pod of a contract of nodes has one node: leave out --per-pod");
    for (size_t i = 0; i < h->run_cnt; i++)
        if (h->runs[i].quantity % h->per_node != 0)
            return cli_say(CLI_USAGE,
                           "%u units cannot be pods of %u each; give --per-pod a divisor of every "
                           "quantity",
                           h->runs[i].quantity, h->per_node);
    const char *is = h->selector != NULL ? strchr(h->selector, '=') : "";
    if (is == NULL || is == h->selector)
        return cli_say(CLI_USAGE, "--node-selector is LABEL=VALUE, not \"%s\"", h->selector);
    if (is_over(h)) return cli_say(CLI_REFUSED, "every hour of the contract is over");
    return CLI_DONE;
}

static json_t *named(const handing *h, const char *version, const char *kind, const char *name,
                     json_t *spec)
{
    char space[TEXT_MAX];
    snprintf(space, sizeof space, "petahour-%llu", (unsigned long long)h->saved.contract.contract);
    json_t *o = json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:s}}}", "apiVersion", version, "kind", kind,
                          "metadata", "name", name, "namespace", space, "labels",
                          "app.kubernetes.io/managed-by", "petahour");
    if (spec != NULL) json_object_set_new(o, "spec", spec);
    return o;
}

static json_t *namespace_of(const handing *h)
{
    char name[TEXT_MAX];
    const phc_contract *c = &h->saved.contract;
    snprintf(name, sizeof name, "petahour-%llu", (unsigned long long)c->contract);
    json_t *o = named(h, "v1", "Namespace", name, NULL);
    json_t *meta = json_object_get(o, "metadata");
    json_object_del(meta, "namespace");
    json_object_set_new(meta, "annotations",
                        json_pack("{s:s, s:s, s:s, s:s}", "petahour/market", c->market,
                                  "petahour/product", c->symbol, "petahour/buyer", c->buyer_name,
                                  "petahour/supplier", c->supplier_name));
    return o;
}

/* Never more at a time than the contract has. */
static json_t *quota_of(const handing *h)
{
    char resource[TEXT_MAX], most[16];
    uint32_t units = 0;
    for (size_t i = 0; i < h->run_cnt; i++)
        if (h->runs[i].quantity > units) units = h->runs[i].quantity;
    snprintf(resource, sizeof resource, "%s%s", has_unit(h, "node") ? "" : "requests.",
             has_unit(h, "node") ? "pods" : resource_of(h));
    snprintf(most, sizeof most, "%u", units);
    return named(h, "v1", "ResourceQuota", "contract",
                 json_pack("{s:{s:s}}", "hard", resource, most));
}

/* A schedule has no year and may come late: what starts the workload asks whether it is in its
   hours.  A minute early is right; clocks of nodes differ. */
static json_t *guard_of(const handing *h, const cli_run *r)
{
    char ask[TEXT_MAX];
    snprintf(ask, sizeof ask, "n=$(date +%%s) && [ $n -ge %llu ] && [ $n -lt %llu ]",
             (unsigned long long)start_s(h, r) - EARLY_S, (unsigned long long)end_s(h, r));
    return json_pack("{s:s, s:s, s:[s,s,s]}", "name", "hours", "image", h->guard_image, "command",
                     "sh", "-c", ask);
}

/* What a quota counts is the larger of the two, so the guard asks for the same. */
static void set_amount(const handing *h, json_t *box)
{
    char amount[16];
    if (has_unit(h, "node")) return;
    snprintf(amount, sizeof amount, "%u", h->per_node);
    json_object_set_new(box, "resources",
                        json_pack("{s:{s:s}, s:{s:s}}", "limits", resource_of(h), amount,
                                  "requests", resource_of(h), amount));
}

static json_t *pod_of(const handing *h, const cli_run *r)
{
    json_t *box = json_pack("{s:s, s:s}", "name", "workload", "image", h->image);
    json_t *guard = guard_of(h, r);
    set_amount(h, box);
    set_amount(h, guard);
    json_t *pod = json_pack("{s:s, s:[o], s:[o]}", "restartPolicy", "Never", "initContainers",
                            guard, "containers", box);
    /* Each pod on a node of its own.  Every contract has a namespace, and without a selector of
       them only the pod's own is looked at: the empty one is all. */
    if (has_unit(h, "node"))
        json_object_set_new(pod, "affinity",
                            json_pack("{s:{s:[{s:s, s:{}, s:{s:{s:s}}}]}}", "podAntiAffinity",
                                      "requiredDuringSchedulingIgnoredDuringExecution",
                                      "topologyKey", "kubernetes.io/hostname", "namespaceSelector",
                                      "labelSelector", "matchLabels",
                                      "app.kubernetes.io/managed-by", "petahour"));
    if (h->selector != NULL) {
        char label[TEXT_MAX];
        const char *is = strchr(h->selector, '=');
        snprintf(label, sizeof label, "%.*s", (int)(is - h->selector), h->selector);
        json_object_set_new(pod, "nodeSelector", json_pack("{s:s}", label, is + 1));
    }
    return pod;
}

static json_t *job_of(const handing *h, const cli_run *r, uint64_t seconds)
{
    uint32_t pods = r->quantity / h->per_node;
    return json_pack("{s:I, s:I, s:I, s:I, s:{s:{s:{s:s}}, s:o}}", "parallelism", (json_int_t)pods,
                     "completions", (json_int_t)pods, "backoffLimit", (json_int_t)0,
                     "activeDeadlineSeconds", (json_int_t)seconds, "template", "metadata", "labels",
                     "app.kubernetes.io/managed-by", "petahour", "spec", pod_of(h, r));
}

/* A run that has begun is a Job for the rest of it; one to come is a CronJob of that minute, whose
   guard lets the workload start in that year alone. */
static json_t *run_of(const handing *h, const cli_run *r)
{
    char name[TEXT_MAX], schedule[64];
    struct tm at;
    time_t start = (time_t)start_s(h, r);
    snprintf(name, sizeof name, "run-%u", r->first_period);
    if (start_s(h, r) <= h->now_s)
        return named(h, "batch/v1", "Job", name, job_of(h, r, end_s(h, r) - h->now_s));
    (void)gmtime_r(&start, &at); /* periods fit */
    snprintf(schedule, sizeof schedule, "%d %d %d %d *", at.tm_min, at.tm_hour, at.tm_mday,
             at.tm_mon + 1);
    json_t *job = job_of(h, r, end_s(h, r) - start_s(h, r));
    json_t *spec =
        json_pack("{s:s, s:s, s:s, s:I, s:{s:o}}", "schedule", schedule, "timeZone", "Etc/UTC",
                  "concurrencyPolicy", "Forbid", "startingDeadlineSeconds",
                  (json_int_t)h->saved.contract.period_seconds, "jobTemplate", "spec", job);
    return named(h, "batch/v1", "CronJob", name, spec);
}

static void print_manifest(const handing *h)
{
    json_t *items = json_array();
    json_array_append_new(items, namespace_of(h));
    json_array_append_new(items, quota_of(h));
    for (size_t i = 0; i < h->run_cnt; i++)
        if (end_s(h, &h->runs[i]) > h->now_s) json_array_append_new(items, run_of(h, &h->runs[i]));
    json_t *all = json_pack("{s:s, s:s, s:o}", "apiVersion", "v1", "kind", "List", "items", items);
    (void)json_dumpf(all, stdout, JSON_INDENT(2)); /* a closed output: see main */
    putchar('\n');
    json_decref(all);
}

int cli_contract_manifest(int argc, char **argv)
{
    handing h = {.per_node = 1, .guard_image = "busybox"};
    cli_field fields[] = {
        {.name = "FILE", .kind = CLI_TEXT, .required = true, .to = &h.path},
        {.name = "notary-key",
         .arg = "HEX",
         .kind = CLI_KEYS_HEX,
         .required = true,
         .to = &h.keys,
         .doc = "Public key of the exchange's notary: the contract is verified first"},
        {.name = "image",
         .arg = "IMAGE",
         .kind = CLI_TEXT,
         .required = true,
         .to = &h.image,
         .doc = "What the buyer runs"},
        {.name = "guard-image",
         .arg = "IMAGE",
         .kind = CLI_TEXT,
         .to = &h.guard_image,
         .doc = "With sh and date: starts nothing outside of the hours (default busybox)"},
        {.name = "per-pod",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .to = &h.per_node,
         .doc = "Units of a pod (default 1)"},
        {.name = "resource",
         .arg = "NAME",
         .kind = CLI_TEXT,
         .to = &h.resource,
         .doc = "What a unit is called in the cluster (default: cpu for cores, nvidia.com/gpu for "
                "others; a node is a pod on a node of its own)"},
        {.name = "node-selector",
         .arg = "LABEL=VALUE",
         .kind = CLI_TEXT,
         .to = &h.selector,
         .doc = "Nodes that serve, e.g. nvidia.com/gpu.product=NVIDIA-H100-80GB-HBM3"},
    };
    cli_read(
        argc, argv,
        "Prints a saved contract as a manifest for Kubernetes: a namespace with a quota of its "
        "units, and a job that starts and ends with its hours.  Needs no connection.",
        fields, CNT(fields), &h.common);
    cli_exit e = load(&h);
    if (e != CLI_DONE) return (int)e;
    e = check_kubernetes(&h);
    if (e == CLI_DONE) print_manifest(&h);
    unload(&h);
    return (int)e;
}
