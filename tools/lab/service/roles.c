// SPDX-License-Identifier: GPL-2.0-only
/* roles.c - the table of roles and nothing else. */
#include <stddef.h>

#include "tools/lab/service/roles.h"

const struct role *const roles[] = {
	&role_frontend, &role_gateway, &role_checkout, &role_payment,   &role_inventory, &role_notification,
	&role_store,    &role_broker,  &role_auth,     &role_collector, &role_exporter,  NULL,
};
