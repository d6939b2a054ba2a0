// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs on a real veth, between this namespace and one with a target in it: what a test run
 * on one frame cannot show. Checksums that nobody computes, GSO super-packets, whether TCP believes
 * a reset, and whether a sender learns of a drop.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "rig.h"
#include "util/cleanup.h"

extern char **environ;

#define NETNS  "flt-wire"
#define HOST   "10.66.0.1"
#define TARGET "10.66.0.2"
#define PORT   7000
#define SECOND 1000

struct wire {
	struct rig *rig;
	struct bpf_tc_hook hook;
	int host_ns, target_ns;
};

static void ip(const char *const *words)
{
	const char *argv[16] = { "ip" };
	int i, status;
	pid_t pid;

	for (i = 0; words[i]; i++)
		argv[i + 1] = words[i];
	/* posix_spawn() takes char *const * for old times' sake; it writes to none of them. */
	assert_int_equal(posix_spawnp(&pid, "ip", NULL, NULL, (char *const *)(uintptr_t)argv, environ), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define IP(...) ip((const char *const[]){ __VA_ARGS__, NULL })

static void attach(struct wire *w, enum bpf_tc_attach_point where, const struct bpf_program *prog)
{
	struct bpf_tc_hook hook = w->hook;
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(prog), .handle = 1, .priority = 1,
		    .flags = BPF_TC_F_REPLACE);

	hook.attach_point = where;
	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
}

/* Rule 0 for everybody, at both hooks of the host side of the veth. */
static void use(struct wire *w, const struct fl_rule *rule)
{
	static const struct fl_hook hook = { .n_lens = 1 };
	struct fl_ruleset set = { .count = 1 };
	int dir;

	rig_set(w->rig, 0, rule);
	rig_reset(w->rig, 0);
	for (dir = FL_DIR_FROM; dir <= FL_DIR_TO; dir++) {
		struct fl_hook_key at = { RIG_NETNS, (uint16_t)dir, (uint32_t)w->hook.ifindex };
		struct fl_peer_key peer = { RIG_NETNS, (uint8_t)dir, 0, (uint32_t)w->hook.ifindex, {} };

		assert_int_equal(bpf_map_update_elem(bpf_map__fd(w->rig->skel->maps.hooks), &at, &hook, 0), 0);
		assert_int_equal(bpf_map_update_elem(bpf_map__fd(w->rig->skel->maps.peers), &peer, &set, 0), 0);
	}
}

static int setup(void **state)
{
	struct wire *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	rig_setup((void **)&w->rig);
	IP("netns", "add", NETNS);
	IP("link", "add", "fltv0", "type", "veth", "peer", "name", "eth0", "netns", NETNS);
	IP("addr", "add", HOST "/24", "dev", "fltv0");
	IP("link", "set", "fltv0", "up");
	IP("-n", NETNS, "addr", "add", TARGET "/24", "dev", "eth0");
	IP("-n", NETNS, "link", "set", "eth0", "up");
	w->host_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	w->target_ns = open("/run/netns/" NETNS, O_RDONLY | O_CLOEXEC);
	assert_true(w->host_ns >= 0 && w->target_ns >= 0);
	w->hook = (struct bpf_tc_hook){ .sz = sizeof(w->hook),
					.ifindex = (int)if_nametoindex("fltv0"),
					.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS };
	assert_int_equal(bpf_tc_hook_create(&w->hook), 0);
	attach(w, BPF_TC_INGRESS, w->rig->skel->progs.fl_ingress);
	attach(w, BPF_TC_EGRESS, w->rig->skel->progs.fl_egress);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct wire *w = *state;

	IP("link", "del", "fltv0");
	IP("netns", "del", NETNS);
	close(w->host_ns);
	close(w->target_ns);
	free(w);
	return 0;
}

/* A socket on the target's side or on the host's, with bounded waits, bound to PORT. */
static int open_socket(struct wire *w, bool target, int type)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct timeval wait = { .tv_sec = 5 };
	int one = 1, fd;

	assert_int_equal(setns(target ? w->target_ns : w->host_ns, CLONE_NEWNET), 0);
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	assert_int_equal(setns(w->host_ns, CLONE_NEWNET), 0);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	inet_pton(AF_INET, target ? TARGET : HOST, &at.sin_addr);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void join(int fd, bool to_target)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	inet_pton(AF_INET, to_target ? TARGET : HOST, &to.sin_addr);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
}

/* A TCP connection from the host to the target. */
static void tcp_pair(struct wire *w, int *ret_host, int *ret_target)
{
	int listener = open_socket(w, true, SOCK_STREAM);
	struct timeval wait = { .tv_sec = 5 };

	assert_int_equal(listen(listener, 1), 0);
	*ret_host = open_socket(w, false, SOCK_STREAM);
	join(*ret_host, true);
	*ret_target = accept(listener, NULL, NULL);
	assert_true(*ret_target >= 0);
	setsockopt(*ret_target, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	close(listener);
}

static void udp_pair(struct wire *w, int *ret_host, int *ret_target)
{
	*ret_host = open_socket(w, false, SOCK_DGRAM);
	*ret_target = open_socket(w, true, SOCK_DGRAM);
	join(*ret_host, true);
	join(*ret_target, false);
	/* One each way, so that both know each other's address. */
	assert_int_equal(send(*ret_host, "x", 1, 0), 1);
	assert_int_equal(recv(*ret_target, (char[1]){ 0 }, 1, 0), 1);
	assert_int_equal(send(*ret_target, "x", 1, 0), 1);
	assert_int_equal(recv(*ret_host, (char[1]){ 0 }, 1, 0), 1);
}

/* Does anything arrive within @ms? */
static bool arrives(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* A drop on the way to the target is a true loss: its sender here must not know. */
static void drop_is_silent(void **state)
{
	struct wire *w = *state;
	struct fl_rule rule = rig_rule(FL_KIND_PARTITION);
	int host, target, one = 1, i;

	rule.protocol = IPPROTO_UDP; /* IPv6 has things to say on a new link */
	udp_pair(w, &host, &target);
	assert_int_equal(setsockopt(host, IPPROTO_IP, IP_RECVERR, &one, sizeof(one)), 0);
	use(w, &rule);
	for (i = 0; i < 5; i++)
		assert_int_equal(send(host, "lost", 4, 0), 4);
	assert_false(arrives(target, 50));
	assert_int_equal(rig_proof(w->rig, 0).injected, 5);
	/* The same by TC_ACT_SHOT, for comparison: the sender is told. */
	attach(w, BPF_TC_EGRESS, w->rig->skel->progs.fl_ingress);
	assert_int_equal(send(host, "lost", 4, 0), -1);
	assert_int_equal(errno, ENOBUFS);
	close(host);
	close(target);
}

/* Both ends of a connection learn of a reset at once, whoever sent the packet. */
static void reset_reaches_both(void **state)
{
	struct wire *w = *state;
	struct fl_rule rule = rig_rule(FL_KIND_RESET), null = rig_rule(FL_KIND_NULL);
	int host, target, from_target;
	char byte;

	for (from_target = 0; from_target < 2; from_target++) {
		null.enabled = 0;
		use(w, &null);
		tcp_pair(w, &host, &target);
		assert_int_equal(send(host, "a", 1, 0), 1);
		assert_int_equal(recv(target, &byte, 1, 0), 1);
		rule.max_hits = 1;
		use(w, &rule);
		assert_int_equal(send(from_target ? target : host, "b", 1, 0), 1);
		/* Sooner than a retransmission would find the other end gone. */
		assert_true(arrives(host, 100));
		assert_int_equal(recv(host, &byte, 1, 0), -1);
		assert_int_equal(errno, ECONNRESET);
		assert_true(arrives(target, 100));
		assert_int_equal(recv(target, &byte, 1, 0), -1);
		assert_int_equal(errno, ECONNRESET);
		assert_int_equal(rig_proof(w->rig, 0).injected, 1);
		close(host);
		close(target);
	}
}

/* The checksum is not computed between veths: a wrong one is a loss, a right one arrives. */
static void corrupt_for_real(void **state)
{
	struct wire *w = *state;
	struct fl_rule rule = rig_rule(FL_KIND_CORRUPT);
	char sent[100], got[100];
	int host, target;

	memset(sent, 'a', sizeof(sent));
	rule.protocol = IPPROTO_UDP;
	udp_pair(w, &host, &target);
	rule.corrupt = (struct fl_corrupt){ .bytes = 2, .fix_checksum = 1 };
	use(w, &rule);
	assert_int_equal(send(host, sent, sizeof(sent), 0), sizeof(sent));
	assert_int_equal(recv(target, got, sizeof(got), 0), sizeof(got));
	assert_memory_not_equal(got, sent, sizeof(sent));
	assert_int_equal(send(target, sent, sizeof(sent), 0), sizeof(sent));
	assert_int_equal(recv(host, got, sizeof(got), 0), sizeof(got));
	assert_memory_not_equal(got, sent, sizeof(sent));
	rule.corrupt.fix_checksum = 0;
	use(w, &rule);
	assert_int_equal(send(host, sent, sizeof(sent), 0), sizeof(sent));
	assert_false(arrives(target, 50));
	assert_int_equal(send(target, sent, sizeof(sent), 0), sizeof(sent));
	assert_false(arrives(host, 50));
	assert_int_equal(rig_proof(w->rig, 0).injected, 2);
	close(host);
	close(target);
}

static void duplicate_for_real(void **state)
{
	struct wire *w = *state;
	struct fl_rule rule = rig_rule(FL_KIND_DUPLICATE);
	char got[10];
	int host, target, i;

	udp_pair(w, &host, &target);
	use(w, &rule);
	assert_int_equal(send(host, "to", 2, 0), 2);
	assert_int_equal(send(target, "from", 4, 0), 4);
	for (i = 0; i < 2; i++) {
		assert_int_equal(recv(target, got, sizeof(got), 0), 2);
		assert_memory_equal(got, "to", 2);
		assert_int_equal(recv(host, got, sizeof(got), 0), 4);
		assert_memory_equal(got, "from", 4);
	}
	assert_false(arrives(target, 50));
	assert_false(arrives(host, 50));
	close(host);
	close(target);
}

/* Write all of it while the other end reads all of it. */
static void transfer(int from, int to, const char *sent, char *got, size_t n)
{
	size_t written = 0, read = 0;

	while (read < n) {
		struct pollfd p[2] = { { .fd = to, .events = POLLIN },
				       { .fd = written < n ? from : -1, .events = POLLOUT } };
		ssize_t k;

		assert_true(poll(p, 2, 5 * SECOND) > 0);
		if (p[1].revents) {
			k = send(from, sent + written, n - written, MSG_DONTWAIT);
			written += k > 0 ? (size_t)k : 0;
		}
		if (p[0].revents) {
			k = recv(to, got + read, n - read, MSG_DONTWAIT);
			assert_true(k > 0);
			read += (size_t)k;
		}
	}
}

/* Responses of 3 MB in GSO super-packets: three digits change, no other byte. */
static void http_through_gso(void **state)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	const size_t body = 3000000;
	struct wire *w = *state;
	struct fl_rule rule = rig_rule(FL_KIND_HTTP_ERROR);
	char *sent = malloc(body + 100), *got = malloc(body + 100), request[100];
	int host, target, i, n;
	size_t k;

	assert_true(sent && got);
	rule.http.status = 503;
	use(w, &rule);
	tcp_pair(w, &host, &target);
	n = snprintf(sent, 100, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", body);
	for (k = 0; k < body; k++)
		sent[(size_t)n + k] = "HTTP/1.1 200 OK\r\n"[k % 17];
	for (i = 0; i < 3; i++) {
		assert_int_equal(send(host, get, sizeof(get) - 1, 0), sizeof(get) - 1);
		assert_int_equal(recv(target, request, sizeof(request), 0), sizeof(get) - 1);
		transfer(target, host, sent, got, body + (size_t)n);
		assert_memory_equal(got, "HTTP/1.1 503 ", 13);
		assert_memory_equal(got + 13, sent + 13, body + (size_t)n - 13);
	}
	assert_int_equal(rig_proof(w->rig, 0).injected, 3);
	assert_int_equal(rig_proof(w->rig, 0).skipped, 0);
	free(sent);
	free(got);
	close(host);
	close(target);
}

#define wire_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		wire_test(drop_is_silent),     wire_test(reset_reaches_both), wire_test(corrupt_for_real),
		wire_test(duplicate_for_real), wire_test(http_through_gso),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
