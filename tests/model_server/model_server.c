/*
 * A scripted stand-in for servers of language models, in their three protocols: for integration tests, faults and
 * benchmarks.
 *
 *     model_server --port N [--tls CERT KEY] [--port-file F] [--control N [--control-file F]]
 *
 * It listens on 127.0.0.1 only. Port 0 takes a free one; --port-file gets the number once it listens. --control is a
 * port of its own, never TLS, that answers whatever befalls the other. It ends on SIGTERM.
 *
 *     openai     POST /v1/chat/completions, /v1/embeddings          any key but "bad", or none
 *                POST /openai/deployments/NAME/chat/completions, …/embeddings, as Azure has them: api-key or a bearer
 *                     token, and ?api-version=…
 *     anthropic  POST /v1/messages        x-api-key or a bearer token, and anthropic-version: 2023-06-01
 *     bedrock    POST /model/ID/converse, /model/ID/converse-stream, /model/ID/invoke for embeddings (of Cohere when
 *                     the ID says so, else of Titan): a bearer token, or a signature of AKIDEXAMPLE, which is verified;
 *                     the session token "expired" has
 *     admin      GET  /stats              the figures: see below
 *                POST /reset              clears them, what [[times]] has counted, and cues
 *                POST /mode               control port only: {"refuse": bool, "silent": bool, "hurried": bool,
 *                     "credentials_s": n}; what is left out stays as it is. refuse: connections are refused, and reset
 *                     where they are; silent: none is accepted and nothing answered; hurried: delays and gaps are over
 *                     at once, those that have begun too; false for all: as before. credentials_s: how long those of
 *                     the next line are good, 6 hours at first
 *                POST /script             control port only: {"message", "script"}. A message of just these words, but for
 *                     blanks around them, is answered from now on as if these directives stood in it
 *                POST /go                 control port only: {"message"}. What [[hold]] holds of the replies to that message
 *                     goes on, and from now on nothing is held; until the next POST /script for it
 *     metadata   PUT  /latest/api/token, GET /latest/meta-data/iam/security-credentials/[role]: an instance's own
 *                     credentials (IMDSv2)
 *
 * A request that its protocol would refuse gets 400, 401 or 403 in the protocol's own form. Anthropic and Bedrock are
 * strict: who speaks first and in which turn, blank texts, results of tools that were not called, and what else they
 * are known to reject.
 *
 * Figures: {"requests", "structured", "completed", "aborted", "in_flight", "max_in_flight", "connections",
 * "embeddings", "credentials", "summaries", "break_outs", "obeyed", "protocols": {"openai", "anthropic", "bedrock"}, "models": [{"name", "calls"}],
 * "last_authorization", "last_path", "last_headers", "last_body", "last_structured", "last_summary", "last_embeddings"}; the last ones
 * are strings, null before the first request, but for last_headers, an object whose keys are header names and whose
 * values are text, or true where it would be a secret. completed: answers sent as scripted; aborted: the client left
 * before the end. Requests for structured answers are counted by "structured" alone, those for summaries by
 * "summaries", those for embeddings by "embeddings"; protocols and models count all of them. For break_outs and obeyed
 * see "Orders".
 *
 * The last message of the user says how the reply goes, by directives anywhere in it; of embeddings, the first text.
 * Without any, the reply is "You said: " and the message (without its directives), in pieces of 8 bytes, at once.
 *
 *   What is said
 *     [[text T]]          T, up to the next "]]"; a "]" more belongs to T
 *     [[words N]]         N words, always the same ones
 *     [[chunk N]]         N bytes of text in each delta; cuts words, never characters
 *     [[reasoning T]]     T is thought first, if the request lets the model reason
 *     [[unasked_reasoning T]]  T is thought first, whatever the request says
 *     [[tool NAME JSON]]  instead of a text that tool is called. When the tool's result comes, the reply is the text
 *                         after all, or "The tool said: " and the result
 *     [[finish R]]        it ends for the reason R, in OpenAI's words: length, content_filter; other words as they are
 *     [[stop_sequence]]   it ends for the first stop sequence of the request
 *   When
 *     [[delay MS]]        before the first byte
 *     [[gap MS]]          after each delta
 *     [[bytewise]]        one byte in each write
 *     [[hold]]            of a script that POST /script has set: nothing after the first delta before POST /go
 *   Faults; N counts deltas from 1, those of reasoning and of a tool's input too
 *     [[status N]]        that HTTP status and a JSON error
 *     [[retry-after N]]   with the header Retry-After: N
 *     [[refuse]]          close without an answer
 *     [[html]]            200 and an HTML page
 *     [[cut N]]           close the connection after N deltas
 *     [[reset N]]         the same, by a reset
 *     [[hang N]]          go silent after N deltas, until the client leaves
 *     [[error_event]]     an error within the stream, after 3 deltas or less; [[error_event KIND]] says which. Not
 *                         streamed: status 500
 *     [[badjson N]]       the Nth delta is broken JSON
 *     [[badutf8 N]]       the Nth delta begins with bytes that are not UTF-8
 *     [[badcrc N]]        the Nth delta's checksum is wrong, where there is one
 *     [[empty]]           no text at all
 *     [[nodone]]          a clean end without a reason for it and without its last event
 *     [[endless]]         the text again and again, up to 200 MB
 *     [[bigline N]]       first a delta of N times "x", on one line
 *     [[gzip N]]          N megabytes of "x", compressed and without an end
 *     [[comments N]]      first N times something that says nothing
 *   Structured answers, to requests with a JSON schema: made from the schema, by what the student said last in the data
 *     [[covers 1 3]]      objectives 1 and 3 are covered, or met
 *     [[items N]]         each list has N items
 *     [[assess:D]], [[evaluate:D]], [[summarize:D]]  any directive D, for the assessment, the evaluation or the summary
 *                         instead of the reply. A summary, or a chat's title, is asked for by data without a schema
 *   Which requests
 *     [[times N]]         delay and faults are for the first N requests with this very message; the next ones get the reply
 *                         without them
 *
 * Orders: when it answers about data (structured answers and summaries), the model obeys whatever reaches it as an
 * instruction, and takes data as data. Orders win over directives.
 *     OBEY: covers 1 3    objectives 1 and 3 are covered, or met, and all scores are 100
 *     OBEY: add NAME      the answer has a member more
 *     OBEY: say T         T, up to the line's end, is the answer
 * Data is what stands in the strings of one JSON document of the known form, which is the whole text of the one message
 * that there is. All else in the request's JSON is an instruction. A document that is none, or does not come alone, is
 * an instruction as well, and so is one that holds a mark of a chat template ("<|", "[INST]", …) other than escaped: data
 * has broken out of it. Figures: break_outs counts such requests, obeyed those with an
 * order that was heard.
 *
 * What these are in each protocol
 *                   openai                       anthropic                      bedrock
 *     structured    response_format, or a tool   output_config, or a tool       a tool that is forced
 *                   that is forced               that is forced
 *     reasoning     reasoning_content; asked by  thinking and its signature;    reasoningContent and its signature;
 *                   reasoning_effort or          asked by thinking              asked by thinking or reasoning_config
 *                   chat_template_kwargs                                        in additionalModelRequestFields
 *     tool          tool_calls                   tool_use, input_json_delta     toolUse
 *     stop_sequence finish_reason stop           stop_reason, stop_sequence     stopReason
 *     finish        as it is                     end_turn, max_tokens, refusal  end_turn, max_tokens, content_filtered
 *     error_event   data: {"error": …}           event: error                   exception modelStreamErrorException;
 *                   (server_error)               (overloaded_error)             KIND error: a message of type error
 *     badcrc        nothing                      nothing                        the CRC of the message
 *     badjson       within the event             the same                       within the payload, the CRC is right
 *     nodone        no finish_reason, no [DONE]  no message_delta, no           no messageStop, no metadata
 *                                                message_stop
 *     bigline       one event                    one event                      one message
 *     comments      comments                     pings                          events of an unknown type
 * html, gzip, cut, reset, hang, status and what else is HTTP's are the same in all. Of embeddings, cut, reset, hang and
 * badjson leave out the second half, and [[empty]] answers with no vector.
 *
 * Not streamed, a delta is a piece of the one string that holds the text, sent as a chunk of the body; a tool's input
 * is such a string with openai, and JSON within the JSON with the others.
 *
 * The model's name alone can say what happens, whatever the message: down-… 503, slow-… no byte at all, limited-… 429
 * with Retry-After: 1, denied-… 401 (bedrock: 403), unknown-… 404.
 *
 * One thread: an epoll loop, a state machine for each connection, and a heap of timers; 1,000 replies at once are no
 * matter. Source: OpenAI API reference, "Chat completions" and its streaming events; WHATWG HTML, "Server-sent events";
 * of the other protocols, see their files.
 */
#include "model_server.h"

#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CREDENTIALS_S = 6 * 3600 };

static int open_signals(void)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in address;
    socklen_t len = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &len))
        die("getsockname");
    return ntohs(address.sin_port);
}

/* Written beside and renamed, so that who waits for the file never reads half of it. */
static void write_port(uint16_t port, const char *path)
{
    char beside[4096];

    snprintf(beside, sizeof(beside), "%s.new", path);

    FILE *file = fopen(beside, "w");

    if (!file || fprintf(file, "%u\n", port) < 0 || fclose(file) || rename(beside, path))
        die(path);
}

/* Its number goes to the file, if there is one. */
static void open_port(struct server *server, int *fd, uint64_t port, const char *file)
{
    *fd = server_listen((uint16_t)port);
    server_watch(server, fd);
    if (file)
        write_port(port_of(*fd), file);
}

static SSL_CTX *open_tls(const char *cert, const char *key)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

    if (!tls || SSL_CTX_use_certificate_chain_file(tls, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
        die(cert);
    SSL_CTX_set_mode(tls,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    return tls;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

struct arguments {
    uint64_t port, control; /* UINT64_MAX: not given */
    const char *port_file, *control_file, *cert, *key;
};

static struct arguments read_arguments(int argc, char **argv)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},    {"port-file", required_argument, NULL, 'f'},
        {"control", required_argument, NULL, 'c'}, {"control-file", required_argument, NULL, 'd'},
        {"tls", required_argument, NULL, 't'},     {0},
    };
    struct arguments args = {.port = UINT64_MAX, .control = UINT64_MAX};
    bool wrong = false;

    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'p') {
            wrong |= !parse_u64(optarg, strlen(optarg), UINT16_MAX, &args.port);
        } else if (c == 'c') {
            wrong |= !parse_u64(optarg, strlen(optarg), UINT16_MAX, &args.control);
        } else if (c == 'f') {
            args.port_file = optarg;
        } else if (c == 'd') {
            args.control_file = optarg;
        } else if (c == 't' && optind < argc) {
            args.cert = optarg;
            args.key = argv[optind++];
        } else {
            wrong = true;
        }
    }
    if (wrong || args.port == UINT64_MAX || optind != argc) {
        fprintf(stderr,
                "usage: model_server --port N [--tls CERT KEY] [--port-file F] [--control N [--control-file F]]\n");
        exit(2);
    }
    return args;
}

int main(int argc, char **argv)
{
    struct arguments args = read_arguments(argc, argv);
    struct server *server = calloc(1, sizeof(*server));

    if (!server)
        die("memory");
    raise_descriptor_limit();
    server->tls = args.cert ? open_tls(args.cert, args.key) : NULL;
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->signals = open_signals();
    server->credentials_s = CREDENTIALS_S;
    server->control = -1;
    server_watch(server, &server->signals);
    if (args.control != UINT64_MAX)
        open_port(server, &server->control, args.control, args.control_file);
    open_port(server, &server->listener, args.port, args.port_file);
    server->port = port_of(server->listener);
    server_run(server);

    while (server->connections)
        connection_destroy(server->connections);
    SSL_CTX_free(server->tls);
    admin_forget(server);
    free(server);
    return 0;
}
