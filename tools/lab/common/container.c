// SPDX-License-Identifier: GPL-2.0-only
/*
 * container.c - see container.h. Memory in use is usage minus inactive file pages, as cAdvisor and
 * the kubelet count it. A cgroup file is looked for below the path that /proc/self/cgroup gives
 * and, for containers with a cgroup namespace, at the root of the mount.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tools/lab/common/container.h"
#include "tools/lab/common/metrics.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text/units.h"

/* No limit is written as a number near 2^63 under v1. */
#define UNLIMITED (1ull << 60)

struct container {
	bool v2_memory, v2_cpu;
	char memory_used[320], memory_limit[320], memory_stat[320];
	char cpu_usage[320], cpu_stat[320], cpu_quota[320], cpu_period[320];
	uint64_t start_wall_ns;
};

static struct container self;

static bool read_text(const char *path, char *buf, size_t size)
{
	_cleanup_fd_ int fd = path[0] ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (n <= 0)
		return false;
	buf[n] = '\0';
	return true;
}

static bool to_number(const char *text, uint64_t *ret)
{
	char word[32];
	size_t n = strspn(text, "0123456789");
	int64_t value;

	if (!n || n >= sizeof(word))
		return false;
	memcpy(word, text, n);
	word[n] = '\0';
	if (units_int(word, 0, INT64_MAX, &value, NULL))
		return false;
	*ret = (uint64_t)value;
	return true;
}

static bool read_number(const char *path, uint64_t *ret)
{
	char buf[64];

	return read_text(path, buf, sizeof(buf)) && to_number(buf, ret);
}

/* The number behind "KEY " at the start of a line. */
static bool read_key(const char *path, const char *key, uint64_t *ret)
{
	char buf[4096], *line, *save;
	size_t n = strlen(key);

	if (!read_text(path, buf, sizeof(buf)))
		return false;
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, key, n) && line[n] == ' ')
			return to_number(line + n + 1, ret);
	return false;
}

/* Our path in the v1 hierarchy of @controller, or in v2 for "". */
static bool own_path(const char *controller, char *ret, size_t size)
{
	char buf[4096], list[128], *line, *save, *names, *path;

	if (!read_text("/proc/self/cgroup", buf, sizeof(buf)))
		return false;
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		names = strchr(line, ':');
		path = names ? strchr(++names, ':') : NULL;
		if (!path)
			continue;
		*path++ = '\0';
		snprintf(list, sizeof(list), ",%s,", names);
		if (controller[0]) {
			char word[32];

			snprintf(word, sizeof(word), ",%s,", controller);
			if (!strstr(list, word))
				continue;
		} else if (names[0]) {
			continue;
		}
		return snprintf(ret, size, "%s", !strcmp(path, "/") ? "" : path) < (int)size;
	}
	return false;
}

static bool locate(const char *mount, const char *controller, const char *file, char *ret, size_t size)
{
	char path[200];

	if (!own_path(controller, path, sizeof(path)))
		return false;
	snprintf(ret, size, "%s%s/%s", mount, path, file);
	if (!access(ret, R_OK))
		return true;
	snprintf(ret, size, "%s/%s", mount, file);
	if (!access(ret, R_OK))
		return true;
	ret[0] = '\0';
	return false;
}

#define LOCATE(mount, controller, file, field) locate(mount, controller, file, self.field, sizeof(self.field))

void container_start(void)
{
	self.start_wall_ns = clock_wall_ns();
	self.v2_memory = LOCATE("/sys/fs/cgroup", "", "memory.current", memory_used);
	if (self.v2_memory) {
		LOCATE("/sys/fs/cgroup", "", "memory.max", memory_limit);
		LOCATE("/sys/fs/cgroup", "", "memory.stat", memory_stat);
	} else {
		LOCATE("/sys/fs/cgroup/memory", "memory", "memory.usage_in_bytes", memory_used);
		LOCATE("/sys/fs/cgroup/memory", "memory", "memory.limit_in_bytes", memory_limit);
		LOCATE("/sys/fs/cgroup/memory", "memory", "memory.stat", memory_stat);
	}
	self.v2_cpu = LOCATE("/sys/fs/cgroup", "", "cpu.max", cpu_quota);
	if (self.v2_cpu) {
		LOCATE("/sys/fs/cgroup", "", "cpu.stat", cpu_stat);
	} else {
		LOCATE("/sys/fs/cgroup/cpuacct", "cpuacct", "cpuacct.usage", cpu_usage);
		LOCATE("/sys/fs/cgroup/cpu", "cpu", "cpu.stat", cpu_stat);
		LOCATE("/sys/fs/cgroup/cpu", "cpu", "cpu.cfs_quota_us", cpu_quota);
		LOCATE("/sys/fs/cgroup/cpu", "cpu", "cpu.cfs_period_us", cpu_period);
	}
}

bool container_memory(uint64_t *ret_used, uint64_t *ret_limit)
{
	uint64_t used, limit, inactive = 0;

	if (!read_number(self.memory_limit, &limit) || limit > UNLIMITED || !read_number(self.memory_used, &used))
		return false;
	read_key(self.memory_stat, self.v2_memory ? "inactive_file" : "total_inactive_file", &inactive);
	*ret_used = used > inactive ? used - inactive : 0;
	*ret_limit = limit;
	return true;
}

/* CPUs that the quota allows, in thousandths; 0: no quota. */
static uint64_t quota_millicores(void)
{
	uint64_t quota, period;
	char buf[64], *space;

	if (!self.v2_cpu)
		return read_number(self.cpu_quota, &quota) && read_number(self.cpu_period, &period)
			       ? quota * 1000 / period
			       : 0;
	if (!read_text(self.cpu_quota, buf, sizeof(buf)))
		return 0;
	space = strchr(buf, ' ');
	return space && to_number(buf, &quota) && to_number(space + 1, &period) ? quota * 1000 / period : 0;
}

static void cpu_metrics(void)
{
	uint64_t usage = 0, throttled = 0;

	if (self.v2_cpu) {
		read_key(self.cpu_stat, "usage_usec", &usage);
		read_key(self.cpu_stat, "throttled_usec", &throttled);
	} else {
		if (read_number(self.cpu_usage, &usage))
			usage /= 1000;
		if (read_key(self.cpu_stat, "throttled_time", &throttled))
			throttled /= 1000;
	}
	metric_set(metric_counter("container_cpu_usage_seconds_total", ""), (int64_t)usage);
	metric_set(metric_counter("container_cpu_cfs_throttled_seconds_total", ""), (int64_t)throttled);
	metric_set(metric_gauge("container_cpu_quota_millicores", ""), (int64_t)quota_millicores());
}

void container_metrics(void)
{
	uint64_t used, limit, pages;
	struct rusage usage;
	char statm[128], *space;

	getrusage(RUSAGE_SELF, &usage);
	metric_set(metric_counter("process_cpu_seconds_total", ""),
		   (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
			   usage.ru_stime.tv_usec);
	if (read_text("/proc/self/statm", statm, sizeof(statm))) {
		space = strchr(statm, ' ');
		if (space && to_number(space + 1, &pages))
			metric_set(metric_gauge("process_resident_memory_bytes", ""),
				   (int64_t)pages * sysconf(_SC_PAGESIZE));
	}
	metric_set(metric_gauge("process_start_time_seconds", ""), (int64_t)(self.start_wall_ns / 1000));
	metric_set(metric_gauge("lab_wall_clock_seconds", ""), (int64_t)(clock_wall_ns() / 1000));
	if (container_memory(&used, &limit)) {
		metric_set(metric_gauge("container_memory_working_set_bytes", ""), (int64_t)used);
		metric_set(metric_gauge("container_memory_limit_bytes", ""), (int64_t)limit);
	}
	cpu_metrics();
}
