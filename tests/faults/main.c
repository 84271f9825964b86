/*
 * What Colloquy promises under faults, one by one: brings an instance up, runs them, and takes everything down again.
 *
 *     faults [--list] [--full] [--seconds N] [FAULT…]
 *
 * Each fault lasts as its row says: short in the suite, its own full length with --full, N seconds with --seconds.
 * A name stands for all that begin with it, a file's (clients.c) for all of that file. COLLOQUY_TEST_KEEP=1 keeps the folder of the run.
 */
#include <CUnit/Basic.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "faults.h"
#include "shim.h"

enum { MAX_SETTINGS = 12, WARM_MS = 700, CHAPTER_MS = 30000 };

static const struct {
    const char *file;
    const struct fault_table *table;
} tables[] = {{"workers.c", &worker_faults},     {"master.c", &master_faults},  {"database_faults.c", &database_faults},
              {"model_faults.c", &model_faults}, {"clients.c", &client_faults}, {"limits.c", &limit_faults},
              {"documents.c", &document_faults}, {"soak.c", &soak_faults}};

static struct {
    bool is_list, is_full;
    uint64_t seconds; /* 0: as the row says */
    size_t first_name;
    int argc;
    char **argv;
} options;

static struct instance *instance;
static struct model_server model;
static struct shim_control *control;
static size_t n_usual_env;
static const char *const *in_force; /* settings */
static struct buf figures;

struct model_server main_model(void)
{
    return model;
}

struct instance *faults_instance(void)
{
    return instance;
}

struct shim_control *shim(void)
{
    return control;
}

bool is_full(void)
{
    return options.is_full;
}

void figure(const char *fmt, ...)
{
    char text[300];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    buf_printf(&figures, "%s%s", figures.len ? "; " : "", text);
}

/* ---- the instance ---- */

static void map_shim(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || ftruncate(fd, sizeof(*control)))
        harness_die("cannot make %s", path);
    control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (control == MAP_FAILED)
        harness_die("cannot map %s", path);
}

/* Limits of a day are not what is tested here. */
static void make_instance(void)
{
    const char *path = lastingf("%s/shim", run_folder());
    const char *const env[] = {"COLLOQUY_LIMITS_MESSAGES_PER_DAY=100000000",
                               "COLLOQUY_LIMITS_CONVERSATIONS_PER_DAY=100000000",
                               "COLLOQUY_LIMITS_TURNS_AT_ONCE=100000",
                               lastingf("LD_PRELOAD=%s", TEST_SHIM),
                               lastingf("FAULTS_SHIM=%s", path),
                               NULL};

    map_shim(path);
    instance = instance_create("faults", textf("http://127.0.0.1:%d", model.port), env);
    instance_use(instance);
    while (instance->env[n_usual_env])
        n_usual_env++;
    database_take();
}

void restart_with(const char *const *settings)
{
    size_t n = n_usual_env;

    for (; settings && *settings && n < INSTANCE_MAX_ENV; settings++)
        instance->env[n++] = *settings;
    instance->env[n] = NULL;
    if (!instance_up(instance))
        harness_die("the server does not start: see %s", instance->dir);
    if (!wait_until(has_full_strength, NULL, PATIENCE_MS))
        harness_die("the server is not ready");
}

/* Whatever the last fault left behind. */
static void recover(void)
{
    memset(control, 0, sizeof(*control));
    kill(database_pid(), SIGCONT);
    admin("SET GLOBAL read_only = 0");
    if (wait_until(is_healthy, NULL, PATIENCE_MS) && wait_until(has_full_strength, NULL, PATIENCE_MS))
        return;
    fprintf(stderr, "\n    the server does not recover by itself: it is started anew");
    if (master_pid())
        kill(master_pid(), SIGKILL);
    pause_ms(1000);
    restart_with(in_force);
}

/* ---- one fault ---- */

static const struct fault *find(const char *name)
{
    for (size_t t = 0; t < LEN(tables); t++)
        for (size_t i = 0; i < tables[t].table->n; i++)
            if (str_eq(tables[t].table->rows[i].name, name))
                return &tables[t].table->rows[i];
    return NULL;
}

static int64_t length_ms(const struct fault *fault)
{
    if (options.seconds)
        return (int64_t)options.seconds * 1000;
    return options.is_full ? (int64_t)fault->full_s * 1000 : fault->suite_ms;
}

static void run_under_load(const struct fault *fault, int64_t for_ms)
{
    load_start(&fault->load);
    load_for(WARM_MS, 0, NULL);
    if (fault->begin)
        fault->begin();
    load_for(for_ms, fault->every_ms, fault->disturb);
    if (fault->heal)
        fault->heal();
    load_for(300, 0, NULL);
    load_finish();
    if (fault->check)
        fault->check();
    load_check(fault->may);
}

/* Once, so that what is measured later finds everything as it is in the middle of a term. */
static void warm_up(void)
{
    static bool is_warm;

    if (is_warm)
        return;
    is_warm = true;
    student_token(0);
    load_start(&(struct load_plan){.speakers = 24});
    load_for(2000, 0, NULL);
    load_finish();
}

static void run_fault(void)
{
    const struct fault *fault = find(CU_get_current_test()->pName);
    int64_t began_ms = clock_mono_ms();

    if (fault->settings != in_force)
        restart_with(fault->settings);
    in_force = fault->settings;
    warm_up();
    buf_clear(&figures);
    watch_begin();
    for (int64_t left_ms = length_ms(fault), part_ms; left_ms > 0; left_ms -= part_ms) {
        part_ms = left_ms < CHAPTER_MS || fault->is_whole ? left_ms : CHAPTER_MS;
        (fault->run ? fault->run : run_under_load)(fault, part_ms);
        if (left_ms > part_ms)
            arena_reset(test_arena());
    }
    watch_end(fault->may);
    printf("(%s; %.1f s) ", figures.len ? figures.data : "-", (double)(clock_mono_ms() - began_ms) / 1000);
}

static void tear_down(void)
{
    load_start(&(struct load_plan){.speakers = 1, .readers = 1}); /* nothing of what follows is under the old one */
    arena_reset(test_arena());
    recover();
    arena_reset(test_arena());
}

/* ---- which ---- */

static bool is_chosen(const struct fault *fault, const char *file)
{
    bool is_usual = options.is_full || fault->suite_ms > 0;

    if (options.first_name == (size_t)options.argc)
        return is_usual;
    for (size_t i = options.first_name; i < (size_t)options.argc; i++)
        if (str_starts(fault->name, options.argv[i]) || (is_usual && str_eq(file, options.argv[i])))
            return true;
    return false;
}

static void list(void)
{
    for (size_t t = 0; t < LEN(tables); t++)
        for (size_t i = 0; i < tables[t].table->n; i++) {
            const struct fault *fault = &tables[t].table->rows[i];

            printf("%-28s %4.1f s, in full %4u s  %s\n", fault->name, (double)fault->suite_ms / 1000, fault->full_s,
                   fault->promise);
        }
}

static size_t add_faults(void)
{
    CU_pSuite suite = CU_add_suite_with_setup_and_teardown("faults", NULL, NULL, NULL, tear_down);
    size_t n = 0;

    for (size_t t = 0; t < LEN(tables); t++)
        for (size_t i = 0; i < tables[t].table->n; i++)
            if (is_chosen(&tables[t].table->rows[i], tables[t].file) &&
                CU_add_test(suite, tables[t].table->rows[i].name, run_fault))
                n++;
    return n;
}

static bool read_options(int argc, char **argv)
{
    int i = 1;

    for (; i < argc && str_starts(argv[i], "--"); i++) {
        if (str_eq(argv[i], "--list"))
            options.is_list = true;
        else if (str_eq(argv[i], "--full"))
            options.is_full = true;
        else if (!str_eq(argv[i], "--seconds") || ++i == argc ||
                 !parse_u64(argv[i], strlen(argv[i]), 86400, &options.seconds))
            return false;
    }
    options.first_name = (size_t)i;
    options.argc = argc;
    options.argv = argv;
    return true;
}

static void start(void)
{
    int64_t began_ms = clock_mono_ms();

    keeper_start();
    printf("run folder %s\n", run_folder());
    model = model_server_start(NULL, NULL);
    make_instance();
    printf("instance up in %.1f s\n", (double)(clock_mono_ms() - began_ms) / 1000);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!read_options(argc, argv)) {
        fprintf(stderr, "usage: faults [--list] [--full] [--seconds N] [FAULT...]\n");
        return 2;
    }
    if (options.is_list) {
        list();
        return 0;
    }
    buf_init(&figures, 65536);
    if (CU_initialize_registry() != CUE_SUCCESS || !add_faults())
        return 2;
    start();
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();

    unsigned failed = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    unsigned run = CU_get_number_of_tests_run();

    CU_cleanup_registry();
    buf_release(&figures);
    harness_end();
    return failed || !run ? 1 : 0;
}
