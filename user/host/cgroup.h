/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the control group of a process tells: its container, its pod, its systemd unit. Pure text
 * work on hostile text.
 */
#ifndef HOST_CGROUP_H
#define HOST_CGROUP_H

#include <stdbool.h>

#include "base/slice.h"

#define CONTAINER_ID_LEN	64
#define POD_UID_LEN		36
#define UNIT_NAME_MAX		256	/* systemd's own limit */

/* The line of /proc/PID/cgroup that says most; points into `file`. */
struct slice cgroup_path(struct slice file);
bool cgroup_container_id(struct slice path, char ret_id[CONTAINER_ID_LEN + 1]);
bool cgroup_pod_uid(struct slice path, char ret_uid[POD_UID_LEN + 1]);
/*
 * The name of the system container or systemd service the process is in: "shop" for
 * /system.slice/shop.service. Sessions, shells, and services that only start other people's
 * programs (sshd, cron, docker) are none.
 */
bool cgroup_service(struct slice path, char ret_name[UNIT_NAME_MAX]);

#endif
