// SPDX-License-Identifier: GPL-2.0-only
/* The fault in a command line: what is read of it, and what makes none. */
#include "exercise_maker.h"

/* clang-format off */
static const struct {
	const char *line, *kind, *params, *duration;
} lines[] = {
	{ "tc qdisc add dev eth0 root netem delay 500ms 100ms distribution normal", "latency", "{\"delay\":\"500ms\",\"jitter\":\"100ms\"}", NULL },
	{ "sudo docker exec payment-svc tc qdisc replace dev eth0 root netem loss 30%", "network_loss", "{\"percent\":\"30%\"}", NULL },
	{ "tc qdisc add dev eth0 root netem loss random 12.5%", "network_loss", "{\"percent\":\"12.5%\"}", NULL },
	{ "tc qdisc add dev eth0 root tbf rate 1mbit burst 32kbit latency 400ms", "bandwidth", "{\"rate\":\"1mbit\"}", NULL },
	{ "tc qdisc del dev eth0 root", NULL, NULL, NULL },
	{ "pumba netem --duration 1m delay --time 500 --jitter 100 payment-svc", "latency", "{\"delay\":\"500\",\"jitter\":\"100\"}", "1m" },
	{ "/usr/local/bin/pumba netem -d 60s loss -p 30 payment-svc", "network_loss", "{\"percent\":\"30\"}", "60s" },
	{ "pumba --interval=60s kill --signal=SIGKILL re2:^inventory", "availability", "{\"every\":\"60s\",\"signal\":\"SIGKILL\"}", NULL },
	{ "pumba pause --duration 30s web", "pause", "{}", "30s" },
	{ "pumba stress --duration 60s --stressors=\"--cpu 4 --cpu-load 90\" api-gateway", "cpu_saturation", "{\"load\":\"90\",\"workers\":\"4\"}", "60s" },
	{ "docker exec api-gateway stress-ng --cpu 4 --cpu-load 90 --timeout 60s", "cpu_saturation", "{\"load\":\"90\",\"workers\":\"4\"}", "60s" },
	{ "stress-ng --vm 1 --vm-bytes 95% -t 60", "memory", "{\"percent\":\"95%\"}", "60" },
	{ "stress --vm 2 --vm-bytes 512M", "memory", "{\"bytes\":\"512M\"}", NULL },
	{ "docker kill -s SIGTERM inventory-svc", "availability", "{\"signal\":\"SIGTERM\"}", NULL },
	{ "docker compose stop inventory-svc", "availability", "{}", NULL },
	{ "docker pause cache-svc", "pause", "{}", NULL },
	{ "docker network disconnect shop frontend", "network_partition", "{}", NULL },
	{ "docker exec web kill -STOP 1", "pause", "{}", NULL },
	{ "kubectl delete pod inventory-0", "availability", "{}", NULL },
	{ "iptables -A OUTPUT -d api-gateway -j DROP", "network_partition", "{}", NULL },
	{ "iptables -A INPUT -p tcp --dport 443 -j DROP", NULL, NULL, NULL },
	{ "iptables -F", NULL, NULL, NULL },
	{ "toxiproxy-cli toxic add -t latency -a latency=500 -a jitter=100 payment", "latency", "{\"delay\":\"500\",\"jitter\":\"100\"}", NULL },
	{ "toxiproxy-cli toxic remove -n x payment", NULL, NULL, NULL },
	{ "docker exec log-collector fallocate -l 512M /var/log/fill", "disk_fill", "{\"path\":\"/var/log\",\"bytes\":\"512M\"}", NULL },
	{ "dd if=/dev/zero of=/data/fill bs=1M count=500", "disk_fill", "{\"path\":\"/data\"}", NULL },
	{ "docker exec auth-svc date -s '+60 seconds'", "time_skew", "{\"offset\":\"+60 seconds\"}", NULL },
	{ "faketime '+60s' ./auth", "time_skew", "{\"offset\":\"+60s\"}", NULL },
	{ "curl -X POST http://checkout-svc/chaos -d 500", NULL, NULL, NULL },
	{ "timeout 45 docker exec x tc qdisc add dev eth0 root netem delay 1s", "latency", "{\"delay\":\"1s\"}", "45" },
	{ "", NULL, NULL, NULL },
	{ "dd", NULL, NULL, NULL },
	{ "netem delay", "latency", "{}", NULL },
	{ "fallocate", NULL, NULL, NULL },
};
/* clang-format on */

static void commands(void **state)
{
	size_t i, failed = 0;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		struct command c;
		bool read = command_read(lines[i].line, &c);
		_cleanup_free_ char *params = json_dumps(c.params, JSON_COMPACT);

		if (read != !!lines[i].kind ||
		    (read && (strcmp(c.kind, lines[i].kind) != 0 || strcmp(params, lines[i].params) != 0 ||
			      strcmp(c.duration ? c.duration : "", lines[i].duration ? lines[i].duration : "") != 0))) {
			print_message("'%s': %s %s %s\n", lines[i].line, read ? c.kind : "none", params,
				      c.duration ? c.duration : "");
			failed++;
		}
		command_release(&c);
	}
	assert_int_equal(failed, 0);
}

/* What a document has around its YAML. */
static void sources(void **state)
{
	static const struct {
		const char *text, *becomes; /* NULL: it stays */
		int moved;
	} cases[] = {
		{ "a: 1\n", NULL, 0 },
		{ "---\na: 1\n", NULL, 0 },
		{ "---\na: 1\n...\n", NULL, 0 },
		{ "%YAML 1.2\n---\na: 1\n", "\n---\na: 1\n", 0 },
		{ "Here it is:\n```yaml\na: 1\n```\nGood luck!\n", "\n\na: 1\n\n\n", 0 },
		{ "---\na: 1\nb: 2\n---\nc: 3\n", "\n- a: 1\n  b: 2\n\n- c: 3\n", 2 },
		{ "# x\na: 1\n---\n# y\n\nc: 3\n---\n", "\n- a: 1\n\n\n\n- c: 3\n\n", 2 },
		{ "--- {a: 1}\n--- {b: 2}\n", "-    {a: 1}\n-    {b: 2}\n", 2 },
		{ "\xef\xbb\xbf"
		  "a: 1\r\n---\r\nb: 2\r\n",
		  "- a: 1\r\n\n- b: 2\r\n", 2 },
		{ "{\"a\": 1}\n\n{\"b\": 2}\n", "- {\"a\": 1}\n\n- {\"b\": 2}\n", 2 },
		{ "{\"a\": 1}\n", NULL, 0 },
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text out = {};
		struct yaml y;
		int moved;

		exercise_open(&y, &out, "x", cases[i].text, strlen(cases[i].text), &moved, NULL);
		yaml_close(&y);
		if (moved != cases[i].moved ||
		    strcmp(out.s ? out.s : "", cases[i].becomes ? cases[i].becomes : "") != 0)
			fail_msg("'%s': %d '%s'", cases[i].text, moved, out.s ? out.s : "");
		text_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands),
		cmocka_unit_test(sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
