/* SPDX-License-Identifier: GPL-2.0-only */
/* roles.h - what each role_*.c defines. */
#ifndef LAB_ROLES_H
#define LAB_ROLES_H

#include "tools/lab/service/service.h"

extern const struct role role_frontend, role_gateway;                                    /* role_edge.c */
extern const struct role role_checkout, role_payment, role_inventory, role_notification; /* role_shop.c */
extern const struct role role_store, role_broker;                                        /* role_store.c */
extern const struct role role_auth, role_collector, role_exporter;                       /* role_lateral.c */

#endif
