// SPDX-License-Identifier: GPL-2.0-only
/* health.c - is it there, does it answer. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/lab/stack/stack.h"
#include "util/cleanup.h"

static size_t discard(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

unsigned int health_get(const char *url, unsigned int limit_ms)
{
	CURL *c = curl_easy_init();
	long status = 0;

	if (!c)
		return 0;
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)limit_ms);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, discard);
	if (curl_easy_perform(c) == CURLE_OK)
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(c);
	return (unsigned int)status;
}

void health_url(const json_t *service, char *buf, size_t size)
{
	const char *addr = json_string_value(json_object_get(service, "addr"));

	snprintf(buf, size, "http://%s:%d/health", addr ? addr : "0.0.0.0",
		 (int)json_integer_value(json_object_get(service, "port")));
}

bool health_port_free(uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return !bind(fd, (const struct sockaddr *)&addr, sizeof(addr));
}
