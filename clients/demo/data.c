/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/demo/data.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/demo/table.h"

enum { FILE_BYTES_MAX = 4 << 20 };

/* The requests of the trace are told off into the hours of the four weeks in their order. */
enum { REQUESTS_PER_HOUR = 13 };

typedef bool (*row_fn)(phc_data *d, phc_table *t, char **f);

/* ---- Finding by name ----------------------------------------------------------------------- */

/* Index of a cloud; added when it is new and there is room. */
static bool cloud_find(phc_data *d, phc_table *t, size_t column, bool add, uint32_t *ret)
{
    const char *name = t->fields[column];
    for (uint32_t i = 0; i < d->cloud_cnt; i++) {
        if (strcmp(d->clouds[i], name) != 0) continue;
        *ret = i;
        return true;
    }
    if (!add) return phc_table_refuse(t, column, "has no site");
    if (d->cloud_cnt == PHC_DATA_CLOUDS_MAX) {
        return phc_table_refuse(t, column, "is one cloud more than there is room for");
    }
    if (!phc_table_text(t, column, false, d->clouds[d->cloud_cnt], sizeof d->clouds[0])) {
        return false;
    }
    *ret = d->cloud_cnt++;
    return true;
}

static bool grade_find(const phc_data *d, phc_table *t, size_t column, uint32_t *ret)
{
    for (uint32_t i = 0; i < d->grade_cnt; i++) {
        if (strcmp(d->grades[i].name, t->fields[column]) != 0) continue;
        *ret = i;
        return true;
    }
    return phc_table_refuse(t, column, "is not a grade of grades.csv");
}

static bool site_find(const phc_data *d, phc_table *t, uint32_t cloud, size_t column, uint32_t *ret)
{
    for (uint32_t i = 0; i < d->site_cnt; i++) {
        if (d->sites[i].cloud != cloud) continue;
        if (strcmp(d->sites[i].region, t->fields[column]) != 0) continue;
        *ret = i;
        return true;
    }
    return phc_table_refuse(t, column, "is not a site of sites.csv");
}

static bool full(phc_table *t, uint32_t cnt, uint32_t max)
{
    return cnt == max && !phc_table_refuse(t, 0, "is one row more than there is room for");
}

/* ---- Rows ---------------------------------------------------------------------------------- */

static const char SITES[] =
    "cloud,region,kind,city,latitude,longitude,coordinates_from,pue,carbon_g_co2e_per_kwh";

static bool site_row(phc_data *d, phc_table *t, char **f)
{
    if (full(t, d->site_cnt, PHC_DATA_SITES_MAX)) return false;
    phc_data_site s = {0};
    int64_t latitude, longitude, pue, carbon;
    if (!cloud_find(d, t, 0, true, &s.cloud)) return false;
    if (!phc_table_text(t, 1, false, s.region, sizeof s.region)) return false;
    for (uint32_t i = 0; i < d->site_cnt; i++) {
        if (d->sites[i].cloud == s.cloud && strcmp(d->sites[i].region, s.region) == 0) {
            return phc_table_refuse(t, 1, "is there twice");
        }
    }
    s.edge = strcmp(f[2], "edge") == 0;
    if (!s.edge && strcmp(f[2], "region") != 0) {
        return phc_table_refuse(t, 2, "is neither region nor edge");
    }
    if (!phc_table_text(t, 3, false, s.city, sizeof s.city)) return false;
    if (!phc_table_signed(t, 4, 90000000, &latitude)) return false;
    if (!phc_table_signed(t, 5, 180000000, &longitude)) return false;
    if (!phc_table_money(t, 7, false, &pue)) return false;
    if (pue < 1000000 || pue > 3000000) return phc_table_refuse(t, 7, "is not between 1 and 3");
    if (!phc_table_money(t, 8, true, &carbon)) return false;
    s.latitude_udeg = (int32_t)latitude;
    s.longitude_udeg = (int32_t)longitude;
    s.pue_ppm = (uint32_t)pue;
    d->sites[d->site_cnt++] = s;
    return true;
}

static const char GRADES[] = "grade,compute_type,architecture,unit,hardware,hardware_units,"
                             "gflops_fp16,gflops_fp32,gflops_fp64,memory_gib,interconnect";

static bool grade_row(phc_data *d, phc_table *t, char **f)
{
    if (full(t, d->grade_cnt, PHC_DATA_GRADES_MAX)) return false;
    phc_data_grade g = {0};
    uint64_t n[5];
    if (!phc_table_text(t, 0, false, g.name, sizeof g.name)) return false;
    for (uint32_t i = 0; i < d->grade_cnt; i++) {
        if (strcmp(d->grades[i].name, g.name) == 0) return phc_table_refuse(t, 0, "is there twice");
    }
    if (!phc_compute_type_parse(f[1], &g.compute_type)) {
        return phc_table_refuse(t, 1, "is not a compute type");
    }
    if (!phc_architecture_parse(f[2], &g.architecture)) {
        return phc_table_refuse(t, 2, "is not an architecture");
    }
    if (!phc_table_text(t, 3, false, g.unit, sizeof g.unit)) return false;
    if (!phc_table_text(t, 4, false, g.hardware, sizeof g.hardware)) return false;
    if (!phc_table_number(t, 5, 1, 1024, &n[0])) return false;
    for (size_t i = 1; i < 4; i++) {
        if (!phc_table_number(t, 5 + i, 0, UINT32_MAX, &n[i])) return false;
    }
    if (!phc_table_number(t, 9, 0, 1 << 20, &n[4])) return false;
    if (!phc_table_text(t, 10, true, g.interconnect, sizeof g.interconnect)) return false;
    g.hardware_units = (uint32_t)n[0];
    g.gflops_fp16 = (uint32_t)n[1];
    g.gflops_fp32 = (uint32_t)n[2];
    g.gflops_fp64 = (uint32_t)n[3];
    g.memory_mib = (uint32_t)n[4] * 1024;
    d->grades[d->grade_cnt++] = g;
    return true;
}

static const char INSTANCES[] = "cloud,instance_type,grade,units";

static bool instance_row(phc_data *d, phc_table *t, char **f)
{
    (void)f;
    if (full(t, d->instance_cnt, PHC_DATA_INSTANCES_MAX)) return false;
    phc_data_instance x = {0};
    uint64_t units;
    if (!cloud_find(d, t, 0, false, &x.cloud)) return false;
    if (!phc_table_text(t, 1, false, x.type, sizeof x.type)) return false;
    if (!grade_find(d, t, 2, &x.grade)) return false;
    if (!phc_table_number(t, 3, 1, 1024, &units)) return false;
    x.units = (uint32_t)units;
    d->instances[d->instance_cnt++] = x;
    return true;
}

static const char CATALOG[] = "cloud,region,instance_type,accelerator,accelerator_count,vcpus,"
                              "memory_gib,ondemand_usd_per_hour,spot_usd_per_hour,"
                              "reserved_usd_per_hour";

static bool price_row(phc_data *d, phc_table *t, char **f)
{
    if (full(t, d->price_cnt, PHC_DATA_PRICES_MAX)) return false;
    phc_data_price p = {0};
    uint32_t cloud = 0;
    const phc_data_instance *x = NULL;
    if (!cloud_find(d, t, 0, false, &cloud)) return false;
    if (!site_find(d, t, cloud, 1, &p.site)) return false;
    for (uint32_t i = 0; i < d->instance_cnt && x == NULL; i++) {
        if (d->instances[i].cloud != cloud || strcmp(d->instances[i].type, f[2]) != 0) continue;
        x = &d->instances[i];
    }
    if (x == NULL) return phc_table_refuse(t, 2, "is not an instance type of instances.csv");
    p.grade = x->grade;
    for (uint32_t i = 0; i < d->price_cnt; i++) {
        if (d->prices[i].site == p.site && d->prices[i].grade == p.grade) {
            return phc_table_refuse(t, 2, "is a second price of its grade at this site");
        }
    }
    if (!phc_table_money(t, 7, false, &p.on_demand)) return false;
    if (!phc_table_money(t, 8, true, &p.spot)) return false;
    if (!phc_table_money(t, 9, true, &p.reserved)) return false;
    p.on_demand /= x->units;
    p.spot /= x->units;
    p.reserved /= x->units;
    if (p.on_demand < 1000) return phc_table_refuse(t, 7, "is too little for one unit");
    d->prices[d->price_cnt++] = p;
    return true;
}

static const char OFFERS[] =
    "provider_id,provider,offer_id,gpu_model,vram_gb,tier,price_usd_hour,grade";

static bool offer_row(phc_data *d, phc_table *t, char **f)
{
    if (full(t, d->offer_cnt, PHC_DATA_OFFERS_MAX)) return false;
    phc_data_offer o = {.provider = d->provider_cnt};
    for (uint32_t i = 0; i < d->provider_cnt; i++) {
        if (strcmp(d->providers[i].id, f[0]) == 0) o.provider = i;
    }
    if (o.provider == d->provider_cnt) {
        if (full(t, d->provider_cnt, PHC_DATA_PROVIDERS_MAX)) return false;
        phc_data_provider *p = &d->providers[o.provider];
        if (!phc_table_text(t, 0, false, p->id, sizeof p->id)) return false;
        if (!phc_table_text(t, 1, false, p->name, sizeof p->name)) return false;
        d->provider_cnt++;
    }
    o.is_spot = strcmp(f[5], "spot") == 0 || strcmp(f[5], "marketplace") == 0 ||
                strcmp(f[5], "community") == 0;
    if (!o.is_spot && strcmp(f[5], "on-demand") != 0 && strcmp(f[5], "secure") != 0) {
        return phc_table_refuse(t, 5, "is not a tier");
    }
    if (!phc_table_money(t, 6, false, &o.price)) return false;
    if (o.price < 1000) return phc_table_refuse(t, 6, "is too little for one unit");
    if (!grade_find(d, t, 7, &o.grade)) return false;
    d->offers[d->offer_cnt++] = o;
    return true;
}

static const char PHILLY[] = "submit_s,virtual_cluster,gpus";

static bool philly_row(phc_data *d, phc_table *t, char **f)
{
    uint32_t *cnt = &d->job_cnt[PHC_DATA_PHILLY];
    if (full(t, *cnt, PHC_DATA_JOBS_MAX)) return false;
    uint64_t submit, cards;
    if (!phc_table_number(t, 0, 0, UINT32_MAX, &submit)) return false;
    if (!phc_table_number(t, 2, 1, 4096, &cards)) return false;
    uint32_t cluster = d->cluster_cnt;
    for (uint32_t i = 0; i < d->cluster_cnt; i++) {
        if (strcmp(d->clusters[i], f[1]) == 0) cluster = i;
    }
    if (cluster == d->cluster_cnt) {
        if (full(t, cluster, PHC_DATA_CLUSTERS_MAX)) return false;
        if (!phc_table_text(t, 1, false, d->clusters[cluster], sizeof d->clusters[0])) return false;
        d->cluster_cnt++;
    }
    d->jobs[PHC_DATA_PHILLY][(*cnt)++] =
        (phc_data_job){.submit_s = (uint32_t)submit, .units = (uint32_t)cards, .cluster = cluster};
    return true;
}

static const char RUNTIMES[] = "runtime";

static bool runtime_row(phc_data *d, phc_table *t, char **f)
{
    (void)f;
    if (full(t, d->runtime_cnt, PHC_DATA_RUNTIMES_MAX)) return false;
    int64_t micro_s;
    if (!phc_table_money(t, 0, false, &micro_s)) return false;
    d->runtimes_s[d->runtime_cnt++] = (uint32_t)(micro_s / 1000000);
    return true;
}

/* One job of a log; -1 stands for what is not known. */
static bool swf_row(phc_data *d, phc_table *t, phc_data_log log)
{
    uint32_t *cnt = &d->job_cnt[log];
    if (full(t, *cnt, PHC_DATA_JOBS_MAX)) return false;
    int64_t v[PHC_TABLE_SWF_COLUMNS];
    for (size_t i = 0; i < PHC_TABLE_SWF_COLUMNS; i++) {
        if (!phc_table_signed(t, i, INT64_C(4294967295) * 1000000, &v[i])) return false;
        v[i] /= 1000000;
    }
    int64_t processors = v[7] > 0 ? v[7] : v[4];
    int64_t run_s = v[8] > 0 ? v[8] : v[3];
    if (v[1] < 0) return phc_table_refuse(t, 1, "is before the beginning of the log");
    if (processors < 1 || processors > 65536) {
        return phc_table_refuse(t, 4, "is not a number of processors");
    }
    d->jobs[log][(*cnt)++] = (phc_data_job){
        .submit_s = (uint32_t)v[1],
        .units = (uint32_t)processors,
        .run_s = run_s > 0 ? (uint32_t)run_s : 0,
        .cluster = v[12] == 2 ? 1 : 0,
    };
    return true;
}

static bool hpc2n_row(phc_data *d, phc_table *t, char **f)
{
    (void)f;
    return swf_row(d, t, PHC_DATA_HPC2N);
}

static bool nasa_row(phc_data *d, phc_table *t, char **f)
{
    (void)f;
    return swf_row(d, t, PHC_DATA_NASA);
}

static const char INFERENCE[] = "TIMESTAMP,ContextTokens,GeneratedTokens";

static bool inference_row(phc_data *d, phc_table *t, char **f)
{
    (void)f;
    uint64_t context, generated;
    if (!phc_table_number(t, 1, 0, 1 << 24, &context)) return false;
    if (!phc_table_number(t, 2, 0, 1 << 24, &generated)) return false;
    uint32_t hour = d->request_cnt++ / REQUESTS_PER_HOUR % PHC_DATA_HOURS;
    d->tokens[hour] += context + generated;
    return true;
}

/* ---- Files --------------------------------------------------------------------------------- */

/* The whole of a file, to be freed; NULL: fault says why. */
static char *file_read(const char *folder, const char *name, size_t *ret_size, char *fault)
{
    char path[512];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = n < (int)sizeof path ? fopen(path, "rbe") : NULL;
    char *text = malloc(FILE_BYTES_MAX);
    if (f == NULL || text == NULL) {
        (void)snprintf(fault, PHC_DATA_FAULT_MAX, "could not read \"%s\" in folder \"%.200s\": %s",
                       name, folder, strerror(errno));
    } else {
        size_t size = fread(text, 1, FILE_BYTES_MAX, f);
        if (!ferror(f) && size < FILE_BYTES_MAX) {
            (void)fclose(f); /* only read from: nothing can be lost */
            *ret_size = size;
            return text;
        }
        (void)snprintf(fault, PHC_DATA_FAULT_MAX, "could not read \"%s\": %s", name,
                       ferror(f) ? strerror(errno) : "it is larger than four MiB");
    }
    if (f != NULL) (void)fclose(f);
    free(text);
    return NULL;
}

static const struct {
    const char *name, *header; /* no header: Standard Workload Format */
    row_fn row;
} FILES[] = {
    {"sites.csv", SITES, site_row},
    {"grades.csv", GRADES, grade_row},
    {"instances.csv", INSTANCES, instance_row},
    {"catalog.csv", CATALOG, price_row},
    {"offers.csv", OFFERS, offer_row},
    {"philly-jobs.csv", PHILLY, philly_row},
    {"philly-runtimes.csv", RUNTIMES, runtime_row},
    {"hpc2n-head.swf", NULL, hpc2n_row},
    {"nasa-ipsc-head.swf", NULL, nasa_row},
    {"inference.csv", INFERENCE, inference_row},
};

static bool table_load(phc_data *d, const char *folder, size_t file, char *fault)
{
    const char *name = FILES[file].name, *header = FILES[file].header;
    size_t size;
    char *text = file_read(folder, name, &size, fault);
    if (text == NULL) return false;
    phc_table t;
    bool good = header != NULL ? phc_table_csv(&t, name, text, size, header)
                               : phc_table_swf(&t, name, text, size);
    size_t rows = 0;
    for (char **f; good && (f = phc_table_next(&t)) != NULL; rows++)
        good = FILES[file].row(d, &t, f);
    if (phc_table_fault(&t) != NULL) {
        (void)snprintf(fault, PHC_DATA_FAULT_MAX, "%s", phc_table_fault(&t));
        good = false;
    } else if (rows == 0) {
        (void)snprintf(fault, PHC_DATA_FAULT_MAX, "%s:%u: there are no rows", name, t.line);
        good = false;
    }
    free(text);
    return good;
}

phc_data *phc_data_load(const char *folder, char *fault)
{
    phc_data *d = calloc(1, sizeof *d);
    if (d == NULL) {
        (void)snprintf(fault, PHC_DATA_FAULT_MAX, "not enough memory for the data");
        return NULL;
    }
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        if (table_load(d, folder, i, fault)) continue;
        phc_data_free(d);
        return NULL;
    }
    size_t size;
    char *terms = file_read(folder, "terms.txt", &size, fault);
    if (terms == NULL) {
        phc_data_free(d);
        return NULL;
    }
    crypto_hash_sha256(d->terms_hash, (const unsigned char *)terms, size);
    free(terms);
    return d;
}

void phc_data_free(phc_data *d)
{
    free(d);
}
