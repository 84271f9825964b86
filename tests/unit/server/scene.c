/* One connection, seen from both sides. */
#include "scene.h"

#include <fcntl.h>
#include <unistd.h>

const struct config scene_small = {.limits = {.request_body_max_bytes = SMALL_BODY_MAX_BYTES}};
const struct config scene_large = {.limits = {.request_body_max_bytes = 32 << 20}, .files = {.directory = "/tmp"}};
const struct config scene_full = {.limits = {.request_body_max_bytes = 32 << 20}, .files = {.directory = "/dev/null"}};

/* The number that the next descriptor would have. */
static int next_fd(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    close(fd);
    return fd;
}

void scene_start(struct scene *s, const struct config *config)
{
    *s = (struct scene){.next_fd = next_fd()};

    s->listener = listen_here();
    CU_ASSERT_TRUE_FATAL(s->listener >= 0);
    s->client = connect_here(s->listener);
    s->fd = fastcgi_accept(s->listener);
    CU_ASSERT_TRUE_FATAL(s->client >= 0 && s->fd >= 0);
    s->req = (struct request){.ctx = *unit_ctx(), .config = config};
    buf_init(&s->sent, 8 << 20);
    buf_init(&s->got, 16 << 20);
}

void scene_close_client(struct scene *s)
{
    if (s->client >= 0)
        close(s->client);
    s->client = -1;
}

void scene_finish(struct scene *s)
{
    CU_ASSERT_FALSE(s->conn.is_open);
    scene_close_client(s);
    close(s->listener);
    buf_release(&s->sent);
    buf_release(&s->got);
    CU_ASSERT_EQUAL(next_fd(), s->next_fd);
}
