/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/demo/data.h - the demonstration's data files, read whole and checked.

    What the files say, joined by name: sites, grades, list prices, offers of small suppliers, and
    the jobs and requests that become demand.  Where each is from: data/SOURCE.txt.

    Owns      itself; phc_data_free.
    Units     prices: millionths of a US dollar per unit and hour.
    Failure   one sentence with file, line and column; nothing of a folder is used unless all of it
              is good. */
#ifndef CLIENTS_DEMO_DATA_H
#define CLIENTS_DEMO_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/lib/petahour.h"

enum {
    PHC_DATA_CLOUDS_MAX = 4,
    PHC_DATA_SITES_MAX = 64,
    PHC_DATA_GRADES_MAX = 48,
    PHC_DATA_INSTANCES_MAX = 64,
    PHC_DATA_PRICES_MAX = 256,
    PHC_DATA_PROVIDERS_MAX = 16,
    PHC_DATA_OFFERS_MAX = 128,
    PHC_DATA_CLUSTERS_MAX = 16,
    PHC_DATA_JOBS_MAX = 16384, /* of one log */
    PHC_DATA_RUNTIMES_MAX = 8192,
    PHC_DATA_HOURS = 672, /* four weeks */
    PHC_DATA_FAULT_MAX = 768,
};

typedef struct {
    uint32_t cloud;
    char region[32], city[48];
    bool edge;
    int32_t latitude_udeg, longitude_udeg;
    uint32_t pue_ppm;
} phc_data_site;

typedef struct {
    char name[32];
    phc_compute_type compute_type;
    phc_architecture architecture;
    char unit[16], hardware[32], interconnect[32];
    uint32_t hardware_units, gflops_fp16, gflops_fp32, gflops_fp64, memory_mib;
} phc_data_grade;

typedef struct {
    uint32_t cloud, grade, units;
    char type[40];
} phc_data_instance;

/* A grade at a site and its list prices per unit; spot and reserved are 0 where there is none. */
typedef struct {
    uint32_t site, grade;
    int64_t on_demand, spot, reserved;
} phc_data_price;

typedef struct {
    char id[24], name[32];
} phc_data_provider;

typedef struct {
    uint32_t provider, grade;
    bool is_spot; /* may be taken away: spot, marketplace or community */
    int64_t price;
} phc_data_offer;

typedef struct {
    uint32_t submit_s, units;
    uint32_t run_s;   /* 0: not known */
    uint32_t cluster; /* PHILLY: index into clusters; NASA: 0 users, 1 staff */
} phc_data_job;

typedef enum {
    PHC_DATA_PHILLY = 0,
    PHC_DATA_HPC2N = 1,
    PHC_DATA_NASA = 2,
    PHC_DATA_LOG_CNT = 3,
} phc_data_log;

typedef struct {
    char clouds[PHC_DATA_CLOUDS_MAX][16];
    phc_data_site sites[PHC_DATA_SITES_MAX];
    phc_data_grade grades[PHC_DATA_GRADES_MAX];
    phc_data_instance instances[PHC_DATA_INSTANCES_MAX];
    phc_data_price prices[PHC_DATA_PRICES_MAX];
    phc_data_provider providers[PHC_DATA_PROVIDERS_MAX];
    phc_data_offer offers[PHC_DATA_OFFERS_MAX];
    char clusters[PHC_DATA_CLUSTERS_MAX][16];
    phc_data_job jobs[PHC_DATA_LOG_CNT][PHC_DATA_JOBS_MAX];
    uint32_t runtimes_s[PHC_DATA_RUNTIMES_MAX];
    uint64_t tokens[PHC_DATA_HOURS]; /* of the inference trace, stretched over the four weeks */
    uint32_t cloud_cnt, site_cnt, grade_cnt, instance_cnt, price_cnt, provider_cnt, offer_cnt,
        cluster_cnt, job_cnt[PHC_DATA_LOG_CNT], runtime_cnt, request_cnt;
    uint8_t terms_hash[32]; /* SHA-256 of terms.txt */
} phc_data;

/* Reads the folder.  NULL: refused, and fault (PHC_DATA_FAULT_MAX bytes) says why. */
phc_data *phc_data_load(const char *folder, char *fault);

/* NULL is taken. */
void phc_data_free(phc_data *d);

#endif
