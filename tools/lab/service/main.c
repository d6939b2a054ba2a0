// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - lab-service: one mock service of the lab, configured by its command line alone, so that
 * the same program runs in a namespace or in a container.
 */
#include <argp.h>
#include <curl/curl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "tools/lab/common/container.h"
#include "tools/lab/common/proc.h"
#include "tools/lab/service/cache.h"
#include "tools/lab/service/logship.h"
#include "tools/lab/service/resolver.h"
#include "tools/lab/service/service.h"
#include "tools/lab/service/upstream.h"
#include "util/clock.h"
#include "util/text/units.h"

#define MAX_CONNECTIONS 512
#define MAX_BODY_BYTES  (256 * 1024)

static struct service self = {
	.config = {
		.port = 8080,
		.max_inflight = 64,
		.resolver_name = "dns-resolver",
		.volume = "/var/log/lab",
		.token_life_ns = 30 * NS_PER_SEC,
		.token_leeway_ns = 5 * NS_PER_SEC,
	},
};

struct upstream *service_upstream(struct service *s, const char *name)
{
	unsigned int i;

	for (i = 0; i < s->config.n_upstreams; i++)
		if (!strcmp(upstream_name(s->upstreams[i]), name))
			return s->upstreams[i];
	fprintf(stderr, "role %s needs --upstream %s=HOST:PORT\n", s->role->name, name);
	exit(2);
}

void service_log(struct service *s, const char *level, const char *fmt, ...)
{
	char line[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (strcmp(level, "info"))
		fprintf(stderr, "%.3f %s %s\n", clock_wall_s(), level, line);
	if (s->logs)
		logship_send(s->logs, level, line);
}

const char *route_tail(const struct http_request *rq, const char *prefix)
{
	return rq->path + strlen(prefix);
}

void service_work(unsigned int us)
{
	unsigned int spread = us / 2 ? (unsigned int)random() % (us / 2) : 0;

	nanosleep(&(struct timespec){ .tv_nsec = (long)(us - us / 4 + spread) * 1000 }, NULL);
}

void service_compute(unsigned int us)
{
	uint64_t until = clock_read_ns(CLOCK_THREAD_CPUTIME_ID) + us * NS_PER_USEC;

	while (clock_read_ns(CLOCK_THREAD_CPUTIME_ID) < until)
		;
}

enum { OPT_LOG = 256, OPT_CACHE, OPT_VOLUME, OPT_LIFE, OPT_LEEWAY, OPT_INFLIGHT, OPT_RESOLVER_NAME };

static const struct argp_option options[] = {
	{ "name", 'n', "NAME", 0, "what the service calls itself", 0 },
	{ "role", 'r', "ROLE", 0, "what it plays (--role=help lists them)", 0 },
	{ "port", 'p', "PORT", 0, "where it listens (8080)", 0 },
	{ "upstream", 'u', "NAME=HOST:PORT[,pool=N,timeout=T,wait=T,tries=N,backoff=T]", 0,
	  "a service that it calls; may be repeated", 0 },
	{ "resolver", 'd', "ADDRESS", 0, "name server (the system's)", 0 },
	{ "resolver-name", OPT_RESOLVER_NAME, "NAME", 0, "its name in the metrics (dns-resolver)", 0 },
	{ "log-to", OPT_LOG, "NAME=HOST:PORT", 0, "collector that gets the log lines", 0 },
	{ "cache", OPT_CACHE, "NAME=HOST:PORT", 0, "Redis-protocol cache", 0 },
	{ "volume", OPT_VOLUME, "PATH", 0, "folder a store writes to (/var/log/lab)", 0 },
	{ "max-inflight", OPT_INFLIGHT, "N", 0, "requests at work, more get 503 (64)", 0 },
	{ "token-life", OPT_LIFE, "T", 0, "how long a token is good (30s)", 0 },
	{ "token-leeway", OPT_LEEWAY, "T", 0, "difference of clocks that is forgiven (5s)", 0 },
	{ 0 },
};

static int parse_number(const char *text, int64_t max, struct argp_state *state)
{
	struct fl_error err = { .exit = FL_EXIT_OK };
	int64_t n = 0;

	if (units_int(text, 1, max, &n, &err))
		argp_error(state, "%s", err.message);
	return (int)n;
}

static uint64_t parse_time(const char *text, struct argp_state *state)
{
	struct fl_error err = { .exit = FL_EXIT_OK };
	uint64_t ns = 0;

	if (units_duration_ns(text, &ns, &err))
		argp_error(state, "%s", err.message);
	return ns;
}

static void list_roles(void)
{
	const struct role *const *r;

	for (r = roles; *r; r++)
		printf("%-14s %s\n", (*r)->name, (*r)->summary);
	exit(0);
}

static error_t on_option(int key, char *arg, struct argp_state *state)
{
	struct service_config *c = &self.config;

	switch (key) {
	case 'n': c->name = arg; break;
	case 'r': c->role = arg; break;
	case 'p': c->port = (uint16_t)parse_number(arg, 65535, state); break;
	case 'd': c->resolver = arg; break;
	case 'u':
		if (c->n_upstreams == SERVICE_MAX_UPSTREAMS)
			argp_error(state, "more than %d upstreams", SERVICE_MAX_UPSTREAMS);
		c->upstreams[c->n_upstreams++] = arg;
		break;
	case OPT_RESOLVER_NAME: c->resolver_name = arg; break;
	case OPT_LOG: c->log_to = arg; break;
	case OPT_CACHE: c->cache = arg; break;
	case OPT_VOLUME: c->volume = arg; break;
	case OPT_INFLIGHT: c->max_inflight = (unsigned int)parse_number(arg, 100000, state); break;
	case OPT_LIFE: c->token_life_ns = parse_time(arg, state); break;
	case OPT_LEEWAY: c->token_leeway_ns = parse_time(arg, state); break;
	case ARGP_KEY_ARG: argp_error(state, "unexpected '%s'", arg); break;
	case ARGP_KEY_END:
		if (c->role && !strcmp(c->role, "help"))
			list_roles();
		if (!c->role)
			argp_error(state, "--role is missing");
		if (!c->name)
			c->name = c->role;
		break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static int service_start(struct service *s, struct fl_error *err)
{
	struct service_config *c = &s->config;
	const struct role *const *r;
	unsigned int i;
	int rc;

	for (r = roles; *r && strcmp((*r)->name, c->role); r++)
		;
	if (!*r)
		return error_usage(err, "no role '%s' (--role=help lists them)", c->role);
	s->role = *r;
	container_start();
	rc = resolver_start(c->resolver, c->resolver_name, err);
	for (i = 0; !rc && i < c->n_upstreams; i++)
		rc = upstream_open(c->upstreams[i], &s->upstreams[i], err);
	if (!rc && c->cache)
		rc = cache_open(c->cache, &s->cache, err);
	if (!rc && c->log_to)
		rc = logship_open(c->log_to, c->name, &s->logs, err);
	if (!rc && s->role->start)
		rc = s->role->start(s, err);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct argp argp = { .options = options,
					  .parser = on_option,
					  .doc = "Plays one service of the lab." };
	struct fl_error err = { .exit = FL_EXIT_OK };
	struct httpd *server = NULL;
	struct httpd_config http = {
		.max_connections = MAX_CONNECTIONS,
		.max_body = MAX_BODY_BYTES,
		.handler = service_handle,
		.context = &self,
	};
	sigset_t stop;
	int sig;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	proc_hold_stop(&stop);
	setvbuf(stdout, NULL, _IOLBF, 0);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	srandom((unsigned int)(clock_wall_ns() ^ (uint64_t)getpid()));
	http.port = self.config.port;
	if (service_start(&self, &err) || httpd_start(&http, &server, &err)) {
		fprintf(stderr, "%s: %s\n", self.config.name, err.message);
		return 1;
	}
	printf("%s (%s) listens on port %u\n", self.config.name, self.role->name, http.port);
	sigwait(&stop, &sig);
	/* Not httpd_stop(): it would wait for handlers that wait for upstreams. */
	printf("%s ends\n", self.config.name);
	exit(0);
}
