/* The service of the tests, and their environment. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "model.h"
#include "service.h"

/* ---- the service ---- */

/* Of a request whose headers are there. */
static size_t body_bytes(const char *headers)
{
    const char *length = strcasestr(headers, "\r\nContent-Length:");

    return length ? strtoul(length + 17, NULL, 10) : 0;
}

static void note_request(int fd, struct buf *requests)
{
    size_t start = requests->len, left = SIZE_MAX;
    char byte;

    while (left > 0 && recv(fd, &byte, 1, 0) == 1) {
        buf_char(requests, byte);
        if (left < SIZE_MAX)
            left--;
        else if (requests->len - start >= 4 && memcmp(requests->data + requests->len - 4, "\r\n\r\n", 4) == 0)
            left = body_bytes(requests->data + start);
    }
}

static void *serve(void *arg)
{
    struct service *service = arg;
    size_t i = 0;
    char byte;
    int fd;

    while ((fd = accept(service->listener, NULL, NULL)) >= 0) {
        const struct buf *answer = &service->answers[i];

        note_request(fd, &service->requests);
        if (!answer->len)
            recv(fd, &byte, 1, 0);
        send(fd, answer->data, answer->len, MSG_NOSIGNAL);
        close(fd);
        i += i + 1 < service->n_answers;
    }
    return NULL;
}

void service_start_bytes(struct service *service, const struct buf *answers, size_t n)
{
    *service = (struct service){.n_answers = n};
    buf_init(&service->requests, 1 << 20);
    for (size_t i = 0; i < n; i++) {
        buf_init(&service->answers[i], 1 << 20);
        buf_append(&service->answers[i], answers[i].data, answers[i].len);
    }
    service->listener = model_bind(&service->port, true);
    CU_ASSERT_FATAL(pthread_create(&service->thread, NULL, serve, service) == 0);
}

void service_start(struct service *service, const char *const answers[SERVICE_MAX_ANSWERS])
{
    struct buf bytes[SERVICE_MAX_ANSWERS];
    size_t n = 0;

    for (; n < SERVICE_MAX_ANSWERS && answers[n]; n++) {
        buf_init(&bytes[n], 1 << 20);
        buf_str(&bytes[n], answers[n]);
    }
    service_start_bytes(service, bytes, n);
    while (n-- > 0)
        buf_release(&bytes[n]);
}

void service_stop(struct service *service)
{
    shutdown(service->listener, SHUT_RDWR);
    pthread_join(service->thread, NULL);
    close(service->listener);
    for (size_t i = 0; i < service->n_answers; i++)
        buf_release(&service->answers[i]);
    buf_release(&service->requests);
}

void service_set_url(const char *variable, const struct service *service, const char *path)
{
    char url[128];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", service->port, path);
    setenv(variable, url, 1);
}

/* ---- the environment ---- */

static const char *const VARIABLES[] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_DISABLED",
};

void aws_environment(const struct aws_environment *environment)
{
    for (size_t i = 0; i < LEN(VARIABLES); i++)
        unsetenv(VARIABLES[i]);
    for (size_t i = 0; environment && i < LEN(environment->set) && environment->set[i]; i++) {
        char name[64];
        size_t len = strcspn(environment->set[i], "=");

        snprintf(name, sizeof(name), "%.*s", (int)len, environment->set[i]);
        setenv(name, environment->set[i] + len + 1, 1);
    }
}
