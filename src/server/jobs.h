/*
 * Store threads: what blocks is done here, so that the loop never does.
 *
 * A job is one step of something that the loop owns; while it is queued or running, that something belongs to the job,
 * and comes back to the loop through jobs_done(). Each thread has a connection of its own.
 */
#ifndef SERVER_JOBS_H
#define SERVER_JOBS_H

#include "colloquy/store.h"

struct job {
    void (*run)(struct job *job, struct db *db); /* in a thread */
    struct job *next;
};

struct jobs;

/*
 * n threads, whose signals are blocked as the caller's are. heard: called in a thread after each job, with its
 * connection.
 */
struct jobs *jobs_create(const struct config *config, size_t n, void (*heard)(void *arg, struct db *db), void *arg);

/* Waits for the running jobs; queued ones are dropped. */
void jobs_destroy(struct jobs *jobs);

/* Queue a job, which stays where it is until it comes back. There is no bound but the number of jobs that exist. */
void jobs_add(struct jobs *jobs, struct job *job);

/* Readable when a job has come back. */
int jobs_fd(const struct jobs *jobs);

/* The jobs that have come back, oldest first, linked by next; NULL when there are none. */
struct job *jobs_done(struct jobs *jobs);

#endif
