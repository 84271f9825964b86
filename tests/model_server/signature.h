/*
 * AWS Signature Version 4, from the side that verifies. Made apart from the client's, so that both are wrong only when
 * both misread the description.
 * Source: AWS IAM User Guide, "Create a signed AWS API request".
 */
#ifndef TESTS_MODEL_SERVER_SIGNATURE_H
#define TESTS_MODEL_SERVER_SIGNATURE_H

#include "http.h"

extern const char ACCESS_KEY_ID[], SECRET_ACCESS_KEY[];

struct refusal {
    const char *type, *message; /* as the provider has them */
};

/*
 * Whether a request is signed with the key above for that service, in any region, within 5 minutes of now_s. Signed
 * must be the host and every header whose name begins with x-amz-. If not, why gets what is said to the caller.
 */
bool signature_check(const struct http_request *request, const char *service, int64_t now_s, struct refusal *why);

#endif
