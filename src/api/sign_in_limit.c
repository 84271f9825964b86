/* By what failures are counted, and whether there were too many. */
#include "api/sign_in_limit.h"

#include <arpa/inet.h>
#include <string.h>

/* Whoever has one address of IPv6 has all of its last 64 bits: they count as one. */
static const char *address_subject(struct request *req)
{
    const char *address = req->remote_addr;
    struct in6_addr bits;
    char text[INET6_ADDRSTRLEN];

    if (inet_pton(AF_INET6, address, &bits) != 1 || IN6_IS_ADDR_V4MAPPED(&bits))
        return address;
    memset(bits.s6_addr + 8, 0, 8);
    return inet_ntop(AF_INET6, &bits, text, sizeof(text)) ? arena_strdup(req->ctx.arena, text) : NULL;
}

static bool find_subjects(struct request *req, const char *name, struct sign_in_subjects *out)
{
    const char *address = address_subject(req);
    const char *pair = name && address ? arena_printf(req->ctx.arena, "%s\n%s", address, name) : NULL;

    return pair && sha256(pair, strlen(pair), out->pair) && sha256(address, strlen(address), out->address);
}

enum cq_status sign_in_limit(struct request *req, const char *name, struct sign_in_subjects *subjects, uint32_t *wait_s)
{
    if (!find_subjects(req, name, subjects))
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    return store_sign_in_wait(&req->ctx, req->db, subjects, req->config->limits.sign_in_failures_per_minute, wait_s);
}
