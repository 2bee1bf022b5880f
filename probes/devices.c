// Device nodes: opened where they stand, or made anew.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "probes/probe.h"

static Verdict open_fixed(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  return judge_open(probe->text, (int)probe->number);
}

static Verdict open_named(const Arguments* arguments, const Probe* probe) {
  return judge_open(arguments->words[0], (int)probe->number);
}

// Makes a node in FOLDER, opens it, and takes it away again.
static Verdict make_node(const Arguments* arguments, const Probe* probe) {
  char path[512];
  format_text(path, sizeof path, "%s/probe-node", arguments->words[0]);
  const dev_t device = (mode_t)probe->number == S_IFCHR ? makedev(1, 5) : makedev(7, 0);
  if (mknod(path, (mode_t)probe->number | 0600, device) != 0) return of_result(-1, "mknod");
  const Verdict verdict = judge_open(path, O_RDONLY);
  (void)unlink(path);
  return verdict;
}

static const Probe kProbes[] = {
    {"mknod-char", "FOLDER", "make a character device", make_node, "", S_IFCHR},
    {"mknod-block", "FOLDER", "make a block device", make_node, "", S_IFBLK},
    {"dev-kmsg", "", "read the kernel's log device", open_fixed, "/dev/kmsg", O_RDONLY},
    {"dev-kmsg-write", "", "write into the kernel's log", open_fixed, "/dev/kmsg", O_WRONLY},
    {"dev-mem", "", "open physical memory", open_fixed, "/dev/mem", O_RDONLY},
    {"dev-disk", "DEVICE", "read a disk past its file system", open_named, "", O_RDONLY},
    {"dev-disk-write", "DEVICE", "write a disk past its file system", open_named, "", O_RDWR},
    {"dev-fuse", "", "serve a file system", open_fixed, "/dev/fuse", O_RDWR},
    {"dev-kvm", "", "make a virtual machine", open_fixed, "/dev/kvm", O_RDWR},
    {"dev-loop-control", "", "make loop devices", open_fixed, "/dev/loop-control", O_RDWR},
    {"dev-userfaultfd", "", "a userfaultfd without the system call", open_fixed, "/dev/userfaultfd", O_RDWR},
    {"dev-net-tun", "", "make a network interface", open_fixed, "/dev/net/tun", O_RDWR},
    {"dev-vsock", "", "the hypervisor's sockets", open_fixed, "/dev/vsock", O_RDONLY},
    {"dev-console", "", "open the console", open_fixed, "/dev/console", O_RDWR},
    {"dev-tty0", "", "open the virtual terminal", open_fixed, "/dev/tty0", O_RDWR},
    {"dev-vcs", "", "read the virtual terminal's screen", open_fixed, "/dev/vcs", O_RDONLY},
    {"dev-cpu-latency", "", "hold the processor awake", open_fixed, "/dev/cpu_dma_latency", O_WRONLY},
};
DEFINE_THEME(kThemes_devices, "devices", kProbes);
