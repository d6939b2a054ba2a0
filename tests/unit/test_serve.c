// SPDX-License-Identifier: GPL-2.0-only
/* The API: routes, what a browser may, messages between the two processes, commands out of requests, tokens, peers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "control/command.h"
#include "serve/wire.h"
#include "tests/fuzz/kinds.h"
#include "util/cleanup.h"
#include "util/json/yaml.h"

/* --- routes --------------------------------------------------------------------------------------- */

static void test_routes(void **state)
{
	char object[ROUTE_OBJECT_MAX];
	const struct route *r = NULL;

	(void)state;
	assert_int_equal(route_find("PATCH", "/v1/faults/k3x9aa.1", &r, object), ROUTE_FOUND);
	assert_int_equal(r->verb, VERB_SET);
	assert_string_equal(object, "k3x9aa.1");
	assert_int_equal(route_find("GET", "/v1/runs/a-1/report", &r, object), ROUTE_FOUND);
	assert_int_equal(r->verb, VERB_REPORT);
	assert_string_equal(object, "a-1");
	assert_int_equal(route_find("GET", "/v1/faults/", &r, object), ROUTE_NO_PATH);
	assert_int_equal(route_find("GET", "/v1/faults/a/b", &r, object), ROUTE_NO_PATH);
	assert_int_equal(route_find("GET", "/v1/runs/../report", &r, object), ROUTE_NO_PATH);
	assert_int_equal(route_find("GET", "/v1/runs/-o", &r, object), ROUTE_NO_PATH);
	assert_int_equal(route_find("GET", "/v1/runs/a\nb", &r, object), ROUTE_NO_PATH);
	assert_int_equal(route_find("PUT", "/v1/faults", &r, object), ROUTE_NO_METHOD);
	assert_int_equal(route_find("get", "/v1/faults", &r, object), ROUTE_NO_METHOD);
	assert_true(route_object_ok("") && route_object_ok("k3x9aa.1"));
	assert_false(route_object_ok("..") || route_object_ok("../../etc") || route_object_ok("a/b") ||
		     route_object_ok("-o"));
}

/* What changes something is no GET, and nobody may do it who may only look. */
static void test_table(void **state)
{
	const struct route *r;

	(void)state;
	for (r = route_table; r->method; r++) {
		assert_ptr_equal(route_of(r->verb), r);
		assert_true(r->role >= ROLE_LOOK);
		if (!strcmp(r->method, "GET"))
			assert_false(r->changes || r->body);
		if (r->changes)
			assert_true(r->role >= ROLE_OPERATE);
	}
}

static void test_browser(void **state)
{
	(void)state;
	assert_int_equal(route_check_browser("localhost:8765", NULL, NULL, NULL), 0);
	assert_int_equal(route_check_browser("LOCALHOST", "http://localhost", "same-origin", NULL), 0);
	assert_int_equal(route_check_browser("[::1]:9", "http://[::1]:9", "none", NULL), 0);
	assert_int_equal(route_check_browser("127.0.0.1:1", "http://127.0.0.1:2", NULL, NULL), 403);
	assert_int_equal(route_check_browser("127.0.0.1:1", "null", NULL, NULL), 403);
	assert_int_equal(route_check_browser("127.0.0.1:1", "http://evil.example", NULL, NULL), 403);
	assert_int_equal(route_check_browser("127.0.0.1:1", NULL, "cross-site", NULL), 403);
	assert_int_equal(route_check_browser("127.0.0.1:1", NULL, "same-site", NULL), 403);
	assert_int_equal(route_check_browser(NULL, NULL, NULL, NULL), 421);
	assert_int_equal(route_check_browser("", NULL, NULL, NULL), 421);
	assert_int_equal(route_check_browser("evil.example", NULL, NULL, NULL), 421);
	assert_int_equal(route_check_browser("localhost.evil.example", NULL, NULL, NULL), 421);
	assert_int_equal(route_check_browser("localhost:80@evil", NULL, NULL, NULL), 421);
	assert_int_equal(route_check_browser("[::1", NULL, NULL, NULL), 421);
	assert_int_equal(route_check_browser("shop.example", NULL, NULL, "shop.example"), 0);
	assert_int_equal(route_check_browser("shop.example", "https://shop.example", NULL, "shop.example"), 0);
}

/* --- messages ------------------------------------------------------------------------------------- */

struct pair {
	int fd[2];
};

static struct pair new_pair(void)
{
	struct pair p;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, p.fd), 0);
	return p;
}

static void test_wire(void **state)
{
	size_t n = 3 * WIRE_PACKET + 7;
	char *big = calloc(1, n);
	struct pair p = new_pair();
	struct wire_out out = {};
	struct wire_in in;
	int r = 0;

	(void)state;
	memset(big, 'x', n);
	wire_in_init(&in);
	assert_true(wire_put(&out, WIRE_REQUEST, 7, big, n, p.fd[0]));
	assert_true(wire_put(&out, WIRE_GONE, 8, "", 0, -1));
	/* The socket takes a part at a time. */
	while (!r) {
		assert_true(wire_flush(&out, p.fd[0]) >= 0);
		r = wire_get(&in, p.fd[1], n);
	}
	assert_int_equal(r, 1);
	assert_int_equal(in.head.id, 7);
	assert_int_equal(in.body.len, n);
	assert_memory_equal(in.body.s, big, n);
	assert_true(in.fd >= 0);
	assert_int_equal(wire_flush(&out, p.fd[0]), 0);
	assert_int_equal(wire_get(&in, p.fd[1], n), 1);
	assert_int_equal(in.head.type, WIRE_GONE);
	assert_int_equal(in.fd, -1); /* of the first message; closed with it */
	assert_int_equal(wire_get(&in, p.fd[1], n), 0);
	close(p.fd[0]);
	assert_int_equal(wire_get(&in, p.fd[1], n), -EPIPE);
	close(p.fd[1]);
	wire_in_free(&in);
	free(big);
}

/* What is no message ends the talk: too long, mixed, of no type, too short. */
static void test_wire_refused(void **state)
{
	static const struct {
		struct wire_head a, b;
		size_t n; /* bytes behind a head */
	} cases[] = {
		{ { .id = 1, .type = 9 }, {}, 4 },
		{ { .id = 1, .type = 0 }, {}, 4 },
		{ { .id = 1, .type = WIRE_REQUEST, .more = 2 }, {}, 4 },
		{ { .id = 1, .type = WIRE_REQUEST, .zero = 1 }, {}, 4 },
		{ { .id = 1, .type = WIRE_REQUEST, .more = 1 }, {}, 0 },
		{ { .id = 1, .type = WIRE_REQUEST, .more = 1 }, { .id = 2, .type = WIRE_REQUEST }, 4 },
		{ { .id = 1, .type = WIRE_REQUEST, .more = 1 }, { .id = 1, .type = WIRE_GONE }, 4 },
		{ { .id = 1, .type = WIRE_REQUEST, .more = 1 }, { .id = 1, .type = WIRE_REQUEST }, 60 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pair p = new_pair();
		char a[128] = {}, b[128] = {};
		struct wire_in in;

		wire_in_init(&in);
		memcpy(a, &cases[i].a, sizeof(cases[i].a));
		memcpy(b, &cases[i].b, sizeof(cases[i].b));
		assert_true(send(p.fd[0], a, sizeof(cases[i].a) + cases[i].n, 0) > 0);
		assert_true(send(p.fd[0], b, sizeof(cases[i].b) + cases[i].n, 0) > 0);
		assert_int_equal(wire_get(&in, p.fd[1], 100), -EPROTO);
		wire_in_free(&in);
		close(p.fd[0]);
		close(p.fd[1]);
	}
}

/* --- commands ------------------------------------------------------------------------------------- */

static const struct who someone = { .role = ROLE_OPERATE, .name = "token t" };
static const struct who root = { .role = ROLE_ADMINISTER, .name = "user root" };

static int make(enum verb verb, const char *object, const char *body, const struct who *who, char **ret_line)
{
	json_t *o = json_loads(body, 0, NULL);
	struct text line = {};
	struct fl_error err = {};
	char **args, **a;
	int r = command_make(table, verb, object, o, who, &args, &err);

	assert_int_equal(!r, !err.exit);
	for (a = args; a && *a; a++)
		text_append(&line, "%s%s", a == args ? "" : " ", *a);
	words_free(args);
	json_decref(o);
	*ret_line = r ? NULL : line.s;
	if (r)
		text_free(&line);
	return r;
}

static void becomes(enum verb verb, const char *object, const char *body, const struct who *who, const char *wanted)
{
	char *line;

	assert_int_equal(make(verb, object, body, who, &line), 0);
	assert_string_equal(line, wanted);
	free(line);
}

static void is_refused(enum verb verb, const char *object, const char *body, const struct who *who, int code)
{
	char *line;

	assert_int_equal(make(verb, object, body, who, &line), -code);
}

static void test_commands(void **state)
{
	(void)state;
	becomes(VERB_INJECT, "",
		"{\"kind\":\"latency\",\"targets\":[\"a\"],\"params\":{\"delay\":\"2s\",\"percent\":30},\"for\":"
		"\"1min\"}",
		&someone, "inject latency --output=json --detach --delay=2s --percent=30 --for=1min -- a");
	becomes(VERB_DRY_RUN, "", "{\"kind\":\"latency\",\"targets\":[\"a\",\"b\"],\"forever\":true}", &root,
		"inject latency --output=json --dry-run --forever -- a b");
	becomes(VERB_INJECT, "", "{\"kind\":\"latency\",\"targets\":[\"a\"],\"params\":{\"peer\":\"--x y\"}}", &someone,
		"inject latency --output=json --detach --peer=--x y -- a");
	becomes(VERB_SET, "k3x9aa.1", "{\"params\":{\"delay\":\"-- 1\"}}", &someone,
		"set --output=json -- k3x9aa.1 delay=-- 1");
	becomes(VERB_STOP, "k3x9aa", "{}", &someone, "stop --output=json -- k3x9aa");
	becomes(VERB_HALT, "", "{\"reason\":\"-x\"}", &someone, "halt --output=json -- -x");
	becomes(VERB_CHECK, "", "", &someone, "check --output=json -- /dev/stdin");
}

static void test_refused(void **state)
{
	(void)state;
	is_refused(VERB_INJECT, "", "[]", &root, EINVAL);
	is_refused(VERB_INJECT, "", "{}", &root, EINVAL);
	is_refused(VERB_INJECT, "", "{\"kind\":\"latency\"}", &root, EINVAL);
	is_refused(VERB_INJECT, "", "{\"kind\":\"latency\",\"targets\":[\"--forever\"]}", &root, EINVAL);
	is_refused(VERB_INJECT, "", "{\"kind\":\"latency\",\"targets\":[\"a b\"]}", &root, EINVAL);
	is_refused(VERB_INJECT, "", "{\"kind\":\"latency\",\"targets\":[\"a,b\"]}", &root, EINVAL);
	is_refused(VERB_INJECT, "", "{\"kind\":\"latency\",\"targets\":[1]}", &root, EINVAL);
	is_refused(VERB_INJECT, "", "{\"kind\":\"--help\",\"targets\":[\"a\"]}", &root, EINVAL);
	is_refused(VERB_INJECT, "", "{\"kind\":\"latency\",\"targets\":[\"a\"],\"params\":{\"forever\":1}}", &root,
		   EINVAL);
	is_refused(VERB_INJECT, "", "{\"kind\":\"latency\",\"targets\":[\"a\"],\"params\":{\"delay\":[]}}", &root,
		   EINVAL);
	is_refused(VERB_INJECT, "", "{\"kind\":\"latency\",\"targets\":[\"a\"],\"forever\":true}", &someone, EPERM);
	is_refused(VERB_INJECT, "", "{\"kind\":\"latency\",\"targets\":[\"a\"],\"forever\":\"yes\"}", &root, EINVAL);
	is_refused(VERB_SET, "k3.1", "{\"params\":{}}", &root, EINVAL);
	is_refused(VERB_SET, "k3.1", "{\"params\":{\"-o\":\"1\"}}", &root, EINVAL);
	is_refused(VERB_SET, "k3.1", "{\"params\":{\"allow_x\":\"1\"}}", &someone, EPERM);
	is_refused(VERB_STOP, "--all", "{}", &root, EINVAL);
	is_refused(VERB_FAULTS, "", "{}", &root, ENOSYS);
}

/* --- who ------------------------------------------------------------------------------------------ */

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_tokens(void **state)
{
	struct token_line t;
	struct fl_error err = {};

	(void)state;
	assert_int_equal(token_line_read("ci operate " HASH " expires=12 kinds=latency targets=a*,b", &t, &err), 0);
	assert_int_equal(t.role, ROLE_OPERATE);
	assert_string_equal(t.targets, "a*,b");
	assert_true(token_has_expired(&t));
	assert_int_equal(token_line_read("  # nothing", &t, &err), 1);
	assert_int_equal(token_line_read("", &t, &err), 1);
	assert_true(token_line_read("ci root " HASH, &t, &err) < 0);
	assert_true(token_line_read("ci none " HASH, &t, &err) < 0);
	assert_true(token_line_read("ci look 12", &t, &err) < 0);
	assert_true(token_line_read("ci look " HASH "0", &t, &err) < 0);
	assert_true(token_line_read("ci look", &t, &err) < 0);
	assert_true(token_line_read("ci look " HASH " expires=soon", &t, &err) < 0);
	assert_true(token_line_read("ci look " HASH " kinds=", &t, &err) < 0); /* would be: all */
	assert_true(token_line_read("ci look " HASH " zebra", &t, &err) < 0);
}

static void test_narrow(void **state)
{
	struct who who = { .role = ROLE_OPERATE, .kinds = "latency", .targets = "netns:shop-*,web" };

	(void)state;
	assert_int_equal(who_may_kind(&who, "latency", NULL), 0);
	assert_int_equal(who_may_kind(&who, "crash", NULL), -EPERM);
	assert_int_equal(who_may_target(&who, "netns:shop-db", NULL), 0);
	assert_int_equal(who_may_target(&who, "web", NULL), 0);
	assert_int_equal(who_may_target(&who, "web2", NULL), -EPERM);
	assert_int_equal(who_may_target(&who, "netns:other", NULL), -EPERM);
}

/* A front that was taken over sends what it has: none of it is a connection of root's. */
static void test_peers(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct pair p = new_pair();
	struct who who;
	int listening, client, accepted;

	(void)state;
	snprintf(at.sun_path, sizeof(at.sun_path), "/tmp/fltest-serve.%d", (int)getpid());
	listening = socket(AF_UNIX, SOCK_STREAM, 0);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(listening, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	accepted = accept(listening, NULL, NULL);
	unlink(at.sun_path);
	assert_int_equal(who_by_peer(accepted, at.sun_path, true, &who, NULL), 0);
	assert_int_equal(who.uid, getuid());
	assert_true(who.role >= ROLE_LOOK);
	assert_int_equal(who_by_peer(accepted, "/tmp/other", true, &who, NULL), -EACCES);
	assert_int_equal(who_by_peer(listening, at.sun_path, true, &who, NULL), -EACCES);
	assert_int_equal(who_by_peer(client, at.sun_path, true, &who, NULL), -EACCES);
	assert_int_equal(who_by_peer(p.fd[0], at.sun_path, true, &who, NULL), -EACCES);
	assert_int_equal(who.role, ROLE_NONE);
	close(listening), close(client), close(accepted), close(p.fd[0]), close(p.fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),  cmocka_unit_test(test_table),        cmocka_unit_test(test_browser),
		cmocka_unit_test(test_wire),    cmocka_unit_test(test_wire_refused), cmocka_unit_test(test_commands),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_tokens),       cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
