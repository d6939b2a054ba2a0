// SPDX-License-Identifier: GPL-2.0-only
/* status.c - see lab.h. */
#include <errno.h>

#include "tools/lab/stack/lab.h"
#include "tools/lab/stack/stack.h"

#define CHECK_MS 1000

static const char *service_state(const json_t *service)
{
	char url[128];

	if (!state_alive(service))
		return "down";
	health_url(service, url, sizeof(url));
	return health_get(url, CHECK_MS) == 200 ? "healthy" : "unhealthy";
}

static json_t *list_services(const json_t *state, bool *ret_all)
{
	json_t *list = json_array(), *s, *item;
	const char *name, *word;

	json_object_foreach(json_object_get((json_t *)(uintptr_t)state, "services"), name, s) {
		word = service_state(s);
		*ret_all = *ret_all && word[0] == 'h';
		item = json_pack("{s:s, s:s}", "name", name, "state", word);
		json_object_set(item, "pid", json_object_get(s, "pid"));
		json_object_set(item, "addr", json_object_get(s, "addr"));
		json_object_set(item, "port", json_object_get(s, "port"));
		json_object_set(item, "netns", json_object_get(s, "netns"));
		json_array_append_new(list, item);
	}
	return list;
}

static json_t *list_daemons(const json_t *state, bool *ret_all)
{
	json_t *list = json_array(), *d;
	const char *name;
	bool up;

	json_object_foreach(json_object_get((json_t *)(uintptr_t)state, "daemons"), name, d) {
		up = state_alive(d);
		*ret_all = *ret_all && up;
		json_array_append_new(list, json_pack("{s:s, s:s, s:O}", "name", name, "state", up ? "running" : "down",
						      "pid", json_object_get(d, "pid")));
	}
	return list;
}

int lab_status(json_t **ret, struct fl_error *err)
{
	json_t *state = NULL, *services, *daemons;
	bool all = true, checkout;
	int rc = state_read(&state, err);

	if (rc)
		return rc;
	if (!state) {
		*ret = json_pack("{s:s, s:[]}", "state", "stopped", "services");
		return *ret ? 0 : error_sys(err, ENOMEM, "out of memory");
	}
	services = list_services(state, &all);
	daemons = list_daemons(state, &all);
	all = all && state_alive(json_object_get(state, "supervisor"));
	checkout = health_get(json_string_value(json_object_get(state, "health")), 2 * CHECK_MS) == 200;
	*ret = json_pack("{s:s, s:b, s:O, s:O, s:O*, s:o, s:o}", "state", all && checkout ? "running" : "degraded",
			 "healthy", checkout, "entry", json_object_get(state, "entry"), "health",
			 json_object_get(state, "health"), "pipeline", json_object_get(state, "pipeline"), "services",
			 services, "daemons", daemons);
	json_decref(state);
	return *ret ? 0 : error_sys(err, ENOMEM, "out of memory");
}
