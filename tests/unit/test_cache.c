// SPDX-License-Identifier: GPL-2.0-only
/* link: full */
/* cache_poisoning: wrong values, the saved file, and a store that answers nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "fault/state/cache_keys.h"
#include "fault/state/store.h"
#include "util/clock.h"

static struct bytes of(const char *text)
{
	struct bytes b;

	assert_int_equal(bytes_copy(text, strlen(text), &b), 0);
	return b;
}

static void scrambled_values_are_wrong_and_keep_their_form(void **state)
{
	static const char *const values[] = {
		"{\"price\": 1099, \"stock\": 0, \"id\": 10}", "0", "9", "19.90", "true", "x"
	};
	uint64_t seed;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		for (seed = 0; seed < 200; seed++) {
			struct bytes before = of(values[i]), after = of(values[i]);
			bool digits = strpbrk(values[i], "0123456789");

			assert_true(cache_scramble(&after, seed));
			assert_false(content_equal(&before, &after));
			for (j = 0; digits && j < before.n; j++) {
				bool digit = before.v[j] >= '0' && before.v[j] <= '9';

				if (!digit && before.v[j] != after.v[j])
					fail_msg("%s: byte %zu is no digit", values[i], j);
				if (digit && (before.v[j] == after.v[j] || after.v[j] < '1' || after.v[j] > '9'))
					fail_msg("%s: digit %zu became %c", values[i], j, after.v[j]);
			}
			bytes_free(&before);
			bytes_free(&after);
		}
	}
}

static void keys_go_round_by_a_file(void **state)
{
	const struct bytes odd = { (uint8_t *)(uintptr_t) "a\0\xff\n\"", 5 };
	struct cache_keys k = {}, back = {};
	char path[] = "/tmp/fltest-cache-XXXXXX";
	struct bytes plain = of("plain");

	(void)state;
	close(mkstemp(path));
	assert_int_equal(cache_keys_add(&k, &odd), 1);
	assert_int_equal(cache_keys_add(&k, &plain), 1);
	assert_int_equal(cache_keys_add(&k, &odd), 0);
	k.v[0].old = of("old");
	k.v[0].poison = of("");
	assert_int_equal(cache_keys_write(&k, path, NULL), 0);
	assert_int_equal(cache_keys_read(path, &back, NULL), 0);
	assert_int_equal(back.n, 1); /* the other one was not poisoned */
	assert_true(content_equal(&back.v[0].name, &odd));
	assert_memory_equal(back.v[0].old.v, "old", 3);
	assert_int_equal(back.v[0].poison.n, 0);
	assert_int_equal(truncate(path, 10), 0);
	cache_keys_free(&back);
	assert_int_equal(cache_keys_read(path, &back, NULL), -EBADMSG);
	unlink(path);
	bytes_free(&plain);
	cache_keys_free(&k);
}

/* --- a server that sends what the test says, whatever it is asked ------------------------------------ */

struct script {
	const char *answer; /* after PING was answered */
	size_t repeat;      /* how often */
	int listener;
	uint16_t port;
	pthread_t thread;
};

static void *serve(void *arg)
{
	struct script *s = arg;
	char buf[4096];
	int fd = accept(s->listener, NULL, NULL);
	size_t i;

	if (read(fd, buf, sizeof(buf)) > 0 && send(fd, "+PONG\r\n", 7, MSG_NOSIGNAL) == 7 && s->answer &&
	    read(fd, buf, sizeof(buf)) > 0)
		for (i = 0; i < s->repeat; i++)
			if (send(fd, s->answer, strlen(s->answer), MSG_NOSIGNAL) < 0)
				break;
	/* An endless answer is over when the client has had enough; a short one stays open for it. */
	while (s->repeat < 2 && read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
	return NULL;
}

static struct store *start(struct script *s, const char *answer, size_t repeat)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct store_address address = { .host = "127.0.0.1" };
	struct store *store = NULL;
	socklen_t len = sizeof(a);
	struct fl_error err = {};

	*s = (struct script){ .answer = answer, .repeat = repeat };
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listener, (void *)&a, sizeof(a)) | listen(s->listener, 1), 0);
	assert_int_equal(getsockname(s->listener, (void *)&a, &len), 0);
	address.port = s->port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	if (store_open(-1, &address, &store, &err))
		fail_msg("%s", err.message);
	return store;
}

static void stop(struct script *s, struct store *store)
{
	store_close(store);
	pthread_join(s->thread, NULL);
	close(s->listener);
}

static int never(void *arg, const struct bytes *key)
{
	(void)key;
	++*(int *)arg;
	return 0;
}

static void nonsense_is_an_error(void **state)
{
	static const struct {
		const char *answer;
		size_t repeat;
		int r;
	} cases[] = {
		{ "-ERR unknown command\r\n", 1, -EPROTO },
		{ ":1\r\n", 1, -EPROTO },
		{ "*1\r\n$1\r\n0\r\n", 1, -EPROTO },
		{ "*2\r\n:0\r\n*0\r\n", 1, -EPROTO },
		{ "*2\r\n$1\r\n0\r\n$1\r\nx\r\n", 1, -EPROTO },
		{ "*2\r\n$40\r\n0000000000000000000000000000000000000000\r\n*0\r\n", 1, -EPROTO },
		{ "HTTP/1.1 400 Bad Request\r\n\r\n", 1, -EIO },
		{ "*-5\r\n", 1, -EIO },
		{ "$99999999999999999999\r\n", 1, -EIO },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_error err = {};
		struct script s;
		struct store *store = start(&s, cases[i].answer, cases[i].repeat);
		int keys = 0, r = store_scan(store, "*", never, &keys, &err);

		if (r != cases[i].r || keys || !err.message[0])
			fail_msg("case %zu: %d, %s", i, r, err.message);
		stop(&s, store);
	}
}

/* A gigabyte that is announced is not waited for: four megabytes are enough. */
static void endless_answers_are_cut_off(void **state)
{
	struct bytes key = of("k"), value = {};
	static char block[65537];
	struct fl_error err = {};
	struct script s;
	struct store *store;

	(void)state;
	memset(block, 'x', sizeof(block) - 1);
	memcpy(block, "$999999999\r\n", 12);
	store = start(&s, block, 1000);
	assert_int_equal(store_get(store, &key, &value, &err), -EMSGSIZE);
	stop(&s, store);
	bytes_free(&key);
}

static void silence_is_an_error_in_time(void **state)
{
	struct bytes key = of("k"), value = {};
	struct fl_error err = {};
	struct script s;
	struct store *store = start(&s, "$5\r\nabc", 1);
	uint64_t t0 = clock_mono_ns();

	(void)state;
	assert_int_equal(store_get(store, &key, &value, &err), -EIO);
	assert_in_range(clock_mono_ns() - t0, NS_PER_SEC, 5 * NS_PER_SEC);
	stop(&s, store);
	bytes_free(&key);
}

static void nobody_is_an_error(void **state)
{
	const struct store_address a = { .host = "127.0.0.1", .port = 1 };
	struct fl_error err = {};
	struct store *store;

	(void)state;
	assert_int_equal(store_open(-1, &a, &store, &err), -ECONNREFUSED);
	assert_non_null(strstr(err.message, "127.0.0.1 port 1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scrambled_values_are_wrong_and_keep_their_form),
		cmocka_unit_test(keys_go_round_by_a_file),
		cmocka_unit_test(nonsense_is_an_error),
		cmocka_unit_test(endless_answers_are_cut_off),
		cmocka_unit_test(silence_is_an_error_in_time),
		cmocka_unit_test(nobody_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
