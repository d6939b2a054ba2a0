// SPDX-License-Identifier: GPL-2.0-only
/*
 * halt.c - faultline halt [REASON]: no fault on this host from now on. The state is written before
 * anything is ended, so what begins meanwhile is refused when it is switched on (policy/gate.h), and
 * ends by itself should its signal be lost.
 */
#include <argp.h>
#include <errno.h>
#include <string.h>

#include "cmd/cmd.h"
#include "measure/meter/meter.h"
#include "policy/end.h"
#include "policy/halt.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/text.h"
#include "util/text/utf8.h"

#define ROUNDS 3 /* one may have begun while the others were ended */

struct options {
	char reason[200];
	bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	size_t len = strlen(o->reason);

	switch (key) {
	case 'o': o->json = cmd_output_json(arg, state); return 0;
	case ARGP_KEY_ARG: snprintf(o->reason + len, sizeof(o->reason) - len, "%s%s", len ? " " : "", arg); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option_table[] = { { "output", 'o', "json", 0, "Print JSON", 0 }, {} };

const struct argp cmd_halt_argp = {
	option_table,
	parse,
	"[REASON]",
	"End all faults on this host, whoever's they are, and refuse new ones until `faultline allow`, "
	"also after a reboot.\v"
	"Returns when everything is rolled back. What is still open then is listed, with exit status 1: "
	"the host is halted all the same.",
	NULL,
	NULL,
	NULL
};

static bool has_faults(const struct session_info *s)
{
	return !s->alive || strcmp(s->purpose, METER_PURPOSE);
}

static json_t *session_json(const struct session_info *s, const char *error)
{
	return json_pack("{s:s, s:s, s:o, s:f, s:o, s:o}", "session", s->name, "purpose", s->purpose, "owner",
			 caller_json(&s->by), "since_wall", s->started_wall, "run",
			 s->results[0] ? json_string(s->results) : json_null(), "error",
			 error ? json_string(error) : json_null());
}

/* One round over the sessions there are; what was ended and what was not is appended. */
static int end_round(const struct ended *e, json_t *ended, json_t *open, uint32_t *ret_seen, struct fl_error *err)
{
	_cleanup_free_ struct session_info *all = NULL;
	uint32_t n = 0, i;
	int r = session_list(&all, &n, err);

	*ret_seen = 0;
	json_array_clear(open);
	for (i = 0; i < n; i++)
		if (has_faults(&all[i]))
			end_ask(&all[i], e, NULL);
	for (i = 0; i < n; i++) {
		struct fl_error why = {};

		if (!has_faults(&all[i]))
			continue;
		++*ret_seen;
		if (end_wait(&all[i], &why))
			json_array_append_new(open, session_json(&all[i], why.message));
		else
			json_array_append_new(ended, session_json(&all[i], NULL));
	}
	return r;
}

static void print_list(const json_t *list, const char *word)
{
	const json_t *s;
	struct caller by;
	char who[128];
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		s = json_array_get(list, i);
		caller_from_json(json_object_get(s, "owner"), &by);
		printf("%s %s of %s%s%s\n", word, json_string_value(json_object_get(s, "session")),
		       caller_text(&by, who, sizeof(who)), json_is_string(json_object_get(s, "error")) ? ": " : "",
		       json_string_value(json_object_get(s, "error")) ?: "");
	}
}

static void print_outcome(const struct halt *h, bool on, const json_t *ended, const json_t *open)
{
	char text[400];

	print_list(ended, "ended");
	print_list(open, "STILL OPEN");
	if (!on) {
		puts("NOT halted: new faults are not refused");
		return;
	}
	printf("%s\n", halt_text(h, text, sizeof(text)));
	puts("new faults are refused until faultline allow");
}

int cmd_halt(int argc, char **argv)
{
	json_t *ended = json_array(), *open = json_array();
	struct ended e = { .when = clock_wall_s() };
	struct options o = {};
	struct fl_error err = {};
	struct halt h = { .on = true, .since = e.when };
	uint32_t seen = 1, round;
	size_t before = 0;
	struct halt now;
	int r;

	cmd_parse(&cmd_halt_argp, argc, argv, &o);
	text_one_line(o.reason); /* it is printed within lines of ours */
	utf8_mend(o.reason);     /* and cut to fit: a halt does not fail for its reason */
	caller_find(&h.by);
	text_copy(h.reason, sizeof(h.reason), o.reason);
	e.by = h.by;
	snprintf(e.why, sizeof(e.why), "halt%s%.190s", o.reason[0] ? ": " : "", o.reason);
	r = halt_set(&h, &err);
	halt_read(&now);
	/* Even when it cannot be remembered: what is on ends. */
	for (round = 0; seen && round < ROUNDS; round++) {
		struct fl_error why = {};

		if (round && json_array_size(ended) == before)
			break;
		before = json_array_size(ended);
		if (end_round(&e, ended, open, &seen, &why) && !r) {
			err = why;
			r = why.code;
		}
	}
	if (!r && json_array_size(open))
		r = error_set(&err, FL_EXIT_FAILED, EBUSY, "%zu session%s could not be ended", json_array_size(open),
			      json_array_size(open) == 1 ? "" : "s");
	if (o.json)
		cmd_print_json(json_pack("{s:b, s:o, s:O, s:O, s:o}", "halted", now.on, "halt", halt_json(&h), "ended",
					 ended, "open", open, "error", cmd_error_json(&err)));
	else
		print_outcome(&h, now.on, ended, open);
	json_decref(ended);
	json_decref(open);
	return r ? cmd_fail(&err) : FL_EXIT_OK;
}
