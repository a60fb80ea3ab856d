/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/monitor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/process/clock.h"
#include "engine/process/log.h"
#include "engine/process/location.h"

enum { CONNECTIONS_MAX = 16, TIMEOUT_SECONDS = 5, CONNECTION_BYTES = 16384 };

struct ph_monitor {
    ph_monitor_settings settings;
    ph_metrics *metrics;
    _Atomic(const char *) not_ready; /* NULL: ready */
    _Atomic uint64_t turn_ns;        /* when the turn began that is under way; 0: none is */
    ph_time started;
    struct MHD_Daemon *http;
};

/* ---- What is answered; in the thread of the door ------------------------------------------- */

static uint64_t stalled_seconds(const ph_monitor *m)
{
    uint64_t begun = atomic_load_explicit(&m->turn_ns, memory_order_relaxed);
    uint64_t now = ph_clock_monotonic_ns();
    return begun == 0 || now <= begun ? 0 : (now - begun) / PH_NS_PER_S;
}

static uint64_t behind_seconds(const ph_monitor *m)
{
    if (m->settings.behind_row == PH_MONITOR_NO_ROW) return 0;
    uint64_t since = ph_metrics_get(m->metrics, m->settings.behind_row);
    uint64_t now = ph_clock_now().ns;
    return since == 0 || now <= since ? 0 : (now - since) / PH_NS_PER_S;
}

static bool write_health(const ph_monitor *m, FILE *to)
{
    uint64_t seconds = stalled_seconds(m);
    bool is_good = seconds < PH_MONITOR_STALL_SECONDS;
    if (is_good)
        fprintf(to, "ok\n");
    else
        fprintf(to, "stalled: a turn of the loop takes %" PRIu64 " s\n", seconds);
    return is_good;
}

static bool write_readiness(const ph_monitor *m, FILE *to)
{
    const char *why = atomic_load_explicit(&m->not_ready, memory_order_acquire);
    uint64_t behind = behind_seconds(m);
    bool is_good = why == NULL && behind <= m->settings.lag_seconds_max;
    if (is_good)
        fprintf(to, "ready\n");
    else if (why != NULL)
        fprintf(to, "not ready: %s\n", why);
    else
        fprintf(to, "not ready: %" PRIu64 " s behind, %" PRIu32 " s allowed\n", behind,
                m->settings.lag_seconds_max);
    return is_good;
}

static void write_figure(FILE *to, const char *name, const char *type, const char *help)
{
    fprintf(to, "# HELP %s %s\n# TYPE %s %s\n%s ", name, help, name, type, name);
}

static uint64_t ns_of(struct timeval t)
{
    return (uint64_t)t.tv_sec * PH_NS_PER_S + (uint64_t)t.tv_usec * 1000;
}

/* What every program tells of its process, under the names that everybody uses. */
static void write_process(const ph_monitor *m, FILE *to)
{
    struct rusage usage;
    unsigned long long pages = 0;
    char text[128] = "";
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm != NULL) {
        if (fgets(text, sizeof text, statm) != NULL)
            pages = strtoull(text + strcspn(text, " "), NULL, 10);
        (void)fclose(statm); /* read only */
    }
    write_figure(to, "process_resident_memory_bytes", "gauge", "Memory of the process.");
    fprintf(to, "%llu\n", pages * (unsigned long long)sysconf(_SC_PAGESIZE));
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        uint64_t ns = ns_of(usage.ru_utime) + ns_of(usage.ru_stime);
        write_figure(to, "process_cpu_seconds_total", "counter", "Processor time of the process.");
        fprintf(to, "%" PRIu64 ".%09" PRIu64 "\n", ns / PH_NS_PER_S, ns % PH_NS_PER_S);
    }
    write_figure(to, "process_start_time_seconds", "gauge", "When it started, since 1970.");
    fprintf(to, "%" PRIu64 ".%09" PRIu64 "\n", m->started.ns / PH_NS_PER_S,
            m->started.ns % PH_NS_PER_S);
}

static bool write_metrics(const ph_monitor *m, FILE *to)
{
    char *text = NULL;
    size_t size = 0;
    FILE *nowhere = open_memstream(&text, &size);
    bool is_ready = nowhere != NULL && write_readiness(m, nowhere);
    if (nowhere != NULL) (void)fclose(nowhere); /* only the verdict is wanted */
    free(text);
    fprintf(to, "# HELP petahour_build_info The program that runs.\n"
                "# TYPE petahour_build_info gauge\n"
                "petahour_build_info{version=\"" PETAHOUR_VERSION "\"} 1\n");
    write_figure(to, "petahour_ready", "gauge", "1 when /readyz answers 200.");
    fprintf(to, "%d\n", is_ready);
    write_figure(to, "petahour_turn_seconds", "gauge", "How long the turn under way takes.");
    fprintf(to, "%" PRIu64 "\n", stalled_seconds(m));
    write_process(m, to);
    ph_metrics_write(m->metrics, ph_clock_now(), to);
    return true;
}

typedef struct {
    const char *path, *type;
    bool (*write)(const ph_monitor *m, FILE *to); /* false: 503 */
} page;

static const page pages[] = {
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", write_metrics},
    {"/healthz", "text/plain; charset=utf-8", write_health},
    {"/readyz", "text/plain; charset=utf-8", write_readiness},
};

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *type,
                              char *text, size_t size)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_COPY);
    if (r == NULL) return MHD_NO;
    enum MHD_Result done = MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (done == MHD_YES)
        done = MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (done == MHD_YES) done = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return done;
}

static enum MHD_Result answer_page(struct MHD_Connection *c, const ph_monitor *m, const page *p)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL) return MHD_NO;
    bool is_good = p->write(m, to);
    enum MHD_Result done = MHD_NO;
    if (fclose(to) == 0)
        done = answer(c, is_good ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, p->type, text, size);
    free(text);
    return done;
}

/* wide: the form that the library calls */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request)
{
    static const char plain[] = "text/plain; charset=utf-8";
    static char unknown[] = "there are /metrics, /healthz and /readyz\n";
    static char only_get[] = "only GET and HEAD are answered\n";
    (void)version, (void)upload, (void)upload_size, (void)request;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer(c, MHD_HTTP_METHOD_NOT_ALLOWED, plain, only_get, sizeof only_get - 1);
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (strcmp(url, pages[i].path) == 0) return answer_page(c, arg, &pages[i]);
    }
    return answer(c, MHD_HTTP_NOT_FOUND, plain, unknown, sizeof unknown - 1);
}

/* ---- The daemon's side --------------------------------------------------------------------- */

/* Signals are the daemon's to take: the thread is started with all of them blocked. */
static struct MHD_Daemon *start_http(ph_monitor *m, const struct sockaddr_in *at)
{
    sigset_t all, before;
    int failed = sigfillset(&all) | sigprocmask(SIG_SETMASK, &all, &before);
    PH_ASSERT(failed == 0);
    errno = 0;
    struct MHD_Daemon *http = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, m, MHD_OPTION_SOCK_ADDR, at,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)TIMEOUT_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_END);
    int why = errno;
    failed = sigprocmask(SIG_SETMASK, &before, NULL);
    PH_ASSERT(failed == 0);
    errno = why;
    return http;
}

static ph_status open_door(ph_monitor *m, char *err, size_t err_size)
{
    const char *address = m->settings.address;
    uint32_t ipv4;
    uint16_t port;
    if (!ph_location_loopback(address, &ipv4, &port)) {
        (void)snprintf(err, err_size,
                       "could not be watched at \"%s\": \"monitor\" must be 127.0.0.1:PORT",
                       address);
        return PH_EINVAL;
    }
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(ipv4)};
    m->http = start_http(m, &at);
    const union MHD_DaemonInfo *bound =
        m->http == NULL ? NULL : MHD_get_daemon_info(m->http, MHD_DAEMON_INFO_BIND_PORT);
    if (bound == NULL) {
        (void)snprintf(err, err_size,
                       "could not be watched at \"%s\": %s; give \"monitor\" another port", address,
                       errno == 0 ? "the address cannot be used" : strerror(errno));
        return PH_EIO;
    }
    const ph_log_pair pairs[] = {{"port", NULL, bound->port}};
    ph_log_event(PH_LOG_INFO, "watched", pairs, 1,
                 "watched at http://%.*s:%u/metrics, /healthz and /readyz",
                 (int)strcspn(address, ":"), address, (unsigned)bound->port);
    return PH_OK;
}

ph_status ph_monitor_open(const ph_monitor_settings *settings, ph_monitor **ret, char *err,
                          size_t err_size)
{
    ph_monitor *m = calloc(1, sizeof *m);
    ph_status s = m == NULL ? PH_EFULL : PH_OK;
    if (s == PH_OK) {
        m->settings = *settings;
        m->started = ph_clock_now();
        atomic_init(&m->not_ready, "starting");
        s = ph_metrics_open(settings->rows, settings->row_cnt, &m->metrics);
    }
    if (s != PH_OK)
        (void)snprintf(err, err_size, "could not keep figures: no memory");
    else if (settings->address[0] != '\0')
        s = open_door(m, err, err_size);
    if (s != PH_OK) {
        ph_monitor_close(m);
        return s;
    }
    *ret = m;
    return PH_OK;
}

void ph_monitor_close(ph_monitor *m)
{
    if (m == NULL) return;
    if (m->http != NULL) MHD_stop_daemon(m->http);
    ph_metrics_close(m->metrics);
    free(m);
}

ph_metrics *ph_monitor_metrics(ph_monitor *m)
{
    return m->metrics;
}

void ph_monitor_ready(ph_monitor *m, const char *why)
{
    atomic_store_explicit(&m->not_ready, why, memory_order_release);
}

void ph_monitor_turn(ph_monitor *m)
{
    atomic_store_explicit(&m->turn_ns, ph_clock_monotonic_ns(), memory_order_relaxed);
}

void ph_monitor_idle(ph_monitor *m)
{
    atomic_store_explicit(&m->turn_ns, 0, memory_order_relaxed);
}
