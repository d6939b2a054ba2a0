// SPDX-License-Identifier: GPL-2.0-only
/* rules.c - see rules.h. Every reason is for people who wonder why a kind is missing from their suite. */
#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "plan/rules.h"
#include "util/cleanup.h"
#include "util/text/units.h"

static void set(struct plan_fault *fault, const char *name, const char *value)
{
	struct plan_param *p = &fault->params[fault->n_params];

	if (fault->n_params == PLAN_PARAMS)
		return;
	p->name = name;
	text_copy(p->value, sizeof(p->value), value);
	fault->n_params++;
}

uint64_t plan_delay_ns(double p99_s)
{
	static const uint64_t steps_ms[] = { 100, 200, 300, 500, 1000 };
	size_t i;

	for (i = 0; i + 1 < ARRAY_SIZE(steps_ms) && !isnan(p99_s) && (double)steps_ms[i] / 1e3 < 4 * p99_s; i++)
		;
	return steps_ms[i] * 1000000ull;
}

static void set_delay(struct plan_fault *fault, double p99_s)
{
	char text[32];

	set(fault, "delay", units_format_ns(plan_delay_ns(p99_s), text, sizeof(text)));
}

static bool speaks(const struct plan_figures *g, enum meter_protocol protocol)
{
	return g->tries && (g->protocols & 1u << protocol);
}

/* --- packets of a service --------------------------------------------------------------------- */

static const char *unseen(const struct plan_facts *f, uint32_t i)
{
	const struct plan_service *s = &f->services[i];

	if (s->not_measured[0])
		return "nothing is measured there, so whether a packet passes is not known";
	return s->served.tries ? NULL : "nobody asked for anything, so no packet would be hit";
}

static const char *latency_fits(const struct plan_facts *f, uint32_t i, struct plan_fault *ret)
{
	const char *no = unseen(f, i);

	if (!no)
		set_delay(ret, f->services[i].served.p99_s);
	return no;
}

static const char *loss_fits(const struct plan_facts *f, uint32_t i, struct plan_fault *ret)
{
	const char *no = unseen(f, i);

	set(ret, "percent", "20%");
	return no;
}

/* --- DNS -------------------------------------------------------------------------------------- */

/* Does it answer DNS, or ask somebody who is not measured? Of others the server is the target. */
static const char *dns_unseen(const struct plan_facts *f, uint32_t i)
{
	uint32_t k;

	if (speaks(&f->services[i].served, METER_DNS))
		return NULL;
	for (k = 0; k < f->n_edges; k++)
		if (f->edges[k].client == i && !f->edges[k].server && speaks(&f->edges[k].seen, METER_DNS))
			return NULL;
	return f->services[i].docker_resolver ? "nobody was seen asking port 53; lookups at Docker's own resolver "
						"(127.0.0.11) stay inside the "
						"container, where they are not measured"
					      : "nobody was seen asking port 53";
}

static const char *dns_latency_fits(const struct plan_facts *f, uint32_t i, struct plan_fault *ret)
{
	set(ret, "delay", "1s");
	return dns_unseen(f, i);
}

static const char *dns_error_fits(const struct plan_facts *f, uint32_t i, struct plan_fault *ret)
{
	set(ret, "percent", "50%");
	return dns_unseen(f, i);
}

/* --- processes -------------------------------------------------------------------------------- */

/* Would anybody notice? Where nothing is asked of anybody that cannot be known, and is no reason. */
static const char *idle(const struct plan_facts *f, uint32_t i)
{
	const struct plan_service *s = &f->services[i];

	if (!s->has_process)
		return "no process of it is known";
	if (!plan_has_traffic(f) || s->not_measured[0] || s->served.tries)
		return NULL;
	return "nobody asked it for anything, so nobody would notice";
}

static const char *kill_fits(const struct plan_facts *f, uint32_t i, struct plan_fault *ret)
{
	const char *no = idle(f, i);

	(void)ret;
	return no || f->services[i].restarts ? no : "nobody would start it again: a killed one stays down";
}

static const char *pause_fits(const struct plan_facts *f, uint32_t i, struct plan_fault *ret)
{
	(void)ret;
	return idle(f, i);
}

static const char *cpu_fits(const struct plan_facts *f, uint32_t i, struct plan_fault *ret)
{
	set(ret, "load", "90%");
	return idle(f, i);
}

static const char *memory_fits(const struct plan_facts *f, uint32_t i, struct plan_fault *ret)
{
	set(ret, "percent", "90%");
	return idle(f, i);
}

static const char *fd_fits(const struct plan_facts *f, uint32_t i, struct plan_fault *ret)
{
	(void)ret;
	return idle(f, i);
}

void plan_use_volume(struct plan_fault *fault, const char *path)
{
	set(fault, "path", path);
}

static const char *disk_fits(const struct plan_facts *f, uint32_t i, struct plan_fault *ret)
{
	set(ret, "percent", "95%");
	if (!f->services[i].has_process)
		return "no process of it is known";
	return f->services[i].n_volumes ? NULL : "no volume of its own is mounted in any service";
}

/* --- clocks ----------------------------------------------------------------------------------- */

/* Whole words of a name: "sso-proxy", and no "processor"; "auth2", and no "author". */
static bool has_word(const char *name, const char *const *words)
{
	const char *at, *word;

	for (; *words; words++)
		for (at = name; (word = strcasestr(at, *words)); at = word + 1)
			if ((word == name || !isalpha((unsigned char)word[-1])) &&
			    !isalpha((unsigned char)word[strlen(*words)]))
				return true;
	return false;
}

static bool is_tls_port(uint16_t port)
{
	return port == 443 || port == 8443 || port == 9443 || port == 6443 || port == 636 || port == 993;
}

/* Certificates at either end of it, by the ports that are TLS's. */
static bool speaks_tls(const struct plan_facts *f, uint32_t i)
{
	uint32_t k;

	for (k = 0; k < f->n_edges; k++)
		if ((f->edges[k].client == i || f->edges[k].server == i) && speaks(&f->edges[k].seen, METER_OPAQUE) &&
		    is_tls_port(f->edges[k].seen.port))
			return true;
	return false;
}

static const char *skew_fits(const struct plan_facts *f, uint32_t i, struct plan_fault *ret)
{
	static const char *const words[] = { "auth",          "authn",    "authz",    "authentication",
					     "authorization", "oauth",    "oauth2",   "oidc",
					     "jwt",           "sso",      "token",    "tokens",
					     "login",         "logins",   "session",  "vault",
					     "sessions",      "identity", "keycloak", NULL };
	const struct plan_service *s = &f->services[i];
	const char *no = idle(f, i);

	if (no)
		return no;
	if (s->tokens || has_word(s->name, words))
		set(ret, "offset", "+10min");
	else if (speaks_tls(f, i))
		set(ret, "offset", "+400d");
	else
		return "nothing was seen that checks the time: no TLS port, no request for logins or tokens, no "
		       "service that is "
		       "called after them";
	return NULL;
}

/* --- caches ----------------------------------------------------------------------------------- */

static const char *cache_fits(const struct plan_facts *f, uint32_t i, struct plan_fault *ret)
{
	uint32_t k;

	(void)ret;
	for (k = 0; k < f->n_edges; k++)
		if (f->edges[k].server == i && f->edges[k].seen.port == 6379 && speaks(&f->edges[k].seen, METER_TURNS))
			return NULL;
	return "nobody was seen asking a store that speaks the Redis protocol (port 6379)";
}

/* --- edges ------------------------------------------------------------------------------------ */

static const char *http_unseen(const struct plan_facts *f, uint32_t i)
{
	return speaks(&f->edges[i].seen, METER_HTTP) ? NULL
						     : "no HTTP/1 in the clear was seen between two services (TLS and "
						       "HTTP/2 are not read)";
}

static const char *http_error_fits(const struct plan_facts *f, uint32_t i, struct plan_fault *ret)
{
	set(ret, "status", "503");
	set(ret, "percent", "30%");
	return http_unseen(f, i);
}

static const char *http_latency_fits(const struct plan_facts *f, uint32_t i, struct plan_fault *ret)
{
	set_delay(ret, f->edges[i].seen.p99_s);
	set(ret, "percent", "50%");
	return http_unseen(f, i);
}

static const char *partition_fits(const struct plan_facts *f, uint32_t i, struct plan_fault *ret)
{
	(void)ret;
	return f->edges[i].seen.tries ? NULL : "no requests were seen between two services";
}

const struct plan_rule plan_rules[] = {
	{ "latency", false, true, 1.0, 2, 0, 0.01, latency_fits,
	  "With every packet of @ late its callers wait; they neither give up nor pile up.", "latency",
	  "start some load and plan again" },
	{ "http_error", true, true, 0.9, 0, 0.05, 0.15, http_error_fits,
	  "When a third of what & gets from @ is an error, & tries again or does without, and passes on less than half "
	  "of it.",
	  "errors", "latency and network_loss need no readable protocol" },
	{ "availability", false, false, 0.9, 0, 2, 0.2, kill_fits,
	  "A killed @ is started again, and requests fail while it is away and at no other time.", "availability",
	  "pause stops it without ending it" },
	{ "cache_poisoning", false, false, 0.85, 0, 0.05, 0.01, cache_fits,
	  "Wrong values out of @ are found out and do not become errors.", "wrong values",
	  "for a store on another port: fault_type: cache_poisoning with params: { port: N }" },
	{ "dns_error", false, true, 0.85, 0, 1, 0.1, dns_error_fits,
	  "When every other lookup at @ fails names come out of caches or a second try.", "failing lookups",
	  "faultline inject dns_error SERVICE --percent 50 --for 30s says by its hits whether anybody asks" },
	{ "disk_fill", false, false, 0.8, 0, 0.05, 0.02, disk_fits,
	  "A full volume of @ is reported, and what needs no space goes on.", "disk full",
	  "params: { path: DIRECTORY, percent: 95% } fills the file system at any directory that the service sees" },
	{ "network_partition", true, true, 0.8, 0, 3, 0.5, partition_fits,
	  "Without @ & answers all the same, with an error or without that part, and in time.", "timeouts",
	  "start some load and plan again" },
	{ "network_loss", false, true, 0.75, 0, 1, 0.05, loss_fits,
	  "TCP carries what @ says through a fifth of lost packets, later and not wrong.", "errors and latency",
	  "start some load and plan again" },
	{ "time_skew", false, false, 0.75, 0, 0.05, 0.05, skew_fits,
	  "Of a wrong clock of @ those take notice who compare times: expiry of tokens, validity of certificates.",
	  "refused tokens or certificates",
	  "add fault_type: time_skew for a service of which you know that it compares times" },
	{ "dns_latency", false, true, 0.7, 1, 1, 0.01, dns_latency_fits,
	  "Late answers of @ delay those who ask for names, and fail nobody.", "slow lookups",
	  "faultline inject dns_latency SERVICE --delay 1s --for 30s says by its hits whether anybody asks" },
	{ "http_latency", true, true, 0.7, 2, 0, 0.01, http_latency_fits,
	  "When half of the answers that & gets from @ are late it waits for them, no longer than for them.", "latency",
	  "latency and network_loss need no readable protocol" },
	{ "pause", false, false, 0.65, 0, 3, 0.3, pause_fits,
	  "A @ that hangs is given up by its callers after their time limit.", "timeouts",
	  "start some load and plan again" },
	{ "cpu_saturation", false, false, 0.6, 0, 0.5, 0.05, cpu_fits,
	  "@ with a tenth of its CPU left is slow and does not fail.", "saturation",
	  "give the service a container or a unit of its own" },
	{ "memory", false, false, 0.6, 0, 0.2, 0.05, memory_fits, "@ with a tenth of its memory left goes on.",
	  "saturation", "give the service a memory limit, then plan again; bytes: SIZE needs none" },
	{ "fd_exhaustion", false, false, 0.5, 0, 1, 0.3, fd_fits,
	  "A @ that can open nothing more serves those who are connected.", "refused connections",
	  "start some load and plan again" },
	{}
};

const struct plan_left_out plan_left_out[] = {
	{ "bandwidth",
	  "a rate that hurts depends on how much your users send; latency and loss say the same of a pipeline",
	  "params: { rate: 1mbit }" },
	{ "duplicate", "TCP mends it, nobody notices", "network_loss" },
	{ "corrupt", "TCP mends it by sending again, as it does a loss", "network_loss" },
	{ "reorder", "TCP mends it, nobody notices", "latency with jitter" },
	{ "tcp_reset", "as errors go, http_error and a partition come first", "params: { percent: 5% }" },
	{ "mtu_blackhole",
	  "only whoever runs a network knows what is too large for it; a partition says the same of a pipeline",
	  "params: { mtu: 1400 }" },
	{ "connect_drop", "nothing happens to a service whose clients keep their connections open",
	  "network_partition" },
	{ "connect_latency", "nothing happens to a service whose clients keep their connections open", "latency" },
	{ "connect_refused", "nothing happens to a service whose clients keep their connections open",
	  "network_partition" },
	{ "half_open", "only its author knows whether anybody sends on a connection that is gone", "network_loss" },
	{ "slow_close", "nobody waits for the end of a connection but its own clean-up", "latency" },
	{ "idle_timeout", "it takes connections that are silent for a while; a busy service has none",
	  "params: { timeout: 30s }" },
	{ "connection_limit", "only whoever runs it knows how many connections are few",
	  "params: { connections: 10 }" },
	{ "port_exhaustion", "only its author knows how many connections it makes", "params: { ports: 4 }" },
	{ "dns_answer", "only its author knows which name matters, and what is wrong for it",
	  "params: { name: NAME, a: 192.0.2.1 }" },
	{ "cpu_throttle", "cpu_saturation says the same of a pipeline", "params: { share: 20% }" },
	{ "pids_limit", "a service that starts no processes notices nothing", "fd_exhaustion" },
	{ "memory_pressure", "memory says the same of a pipeline", "params: { percent: 80% }" },
	{ "io_throttle", "whether a service waits for its disk cannot be seen from outside",
	  "params: { path: DIRECTORY, wbps: 1MiB }" },
	{ "disk_io", "whether a service waits for its disk cannot be seen from outside",
	  "params: { path: DIRECTORY }" },
	{ "stop", "availability says the same, and ends by itself", "availability" },
	{ "restart", "availability says the same", "availability" },
	{ "crash", "availability says the same of a pipeline", "availability" },
	{ "jvm_exception", "it needs class and method",
	  "params: { class: NAME, method: NAME }, with Byteman in the target" },
	{ "time_jump", "time_skew says the same of a pipeline", "time_skew" },
	{ "config_corruption", "it needs the path of a file that the service reads anew", "params: { path: FILE }" },
	{ "file_latency", "whether a service waits for its files cannot be seen from outside",
	  "params: { path: DIRECTORY, delay: 100ms }" },
	{ "file_error", "only its author knows which files matter", "params: { path: DIRECTORY, errno: EIO }" },
	{ "syscall_error", "only its author knows which call matters", "params: { syscall: NAME, errno: NAME }" },
	{}
};
