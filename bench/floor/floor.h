// The floor: the least that a launch of confide's can cost. The same kernel calls as `confide run` in the profiles
// `bench` and `tool`, in bare C, with everything known at build time. A yardstick for scripts/bench, not a product: it
// reads no policy, delivers no secret, relays nothing.
#pragma once

#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

enum view { VIEW_BENCH, VIEW_TOOL };

enum { kMaxReads = 24 };

// A folder from outside, as it is there. As root it comes as a detached idmapped mount made by the parent; otherwise
// -1.
struct folder {
  const char* path;
  int tree;
};

struct launch {
  enum view view;
  struct folder project;           // the caller's working directory: writable in VIEW_TOOL
  struct folder reads[kMaxReads];  // VIEW_TOOL: read-only, over a home that is otherwise empty
  size_t read_count;
  const char* home;
  int mapped_by_parent;  // root: the parent writes the id maps
  uid_t uid;             // inside, and the kernel's too
  gid_t gid;
  int ready_pipe;    // read end: one byte once the parent has written the maps
  int failure_pipe;  // write end, closed by a successful execve
  char* const* command;
};

// Tells the parent which step failed with which errno, and ends the process. Never returns.
void fail_step(const struct launch* launch, const char* step) __attribute__((noreturn));

// floor_view.c: the file tree, from private propagation to the detached old root.
void build_view(const struct launch* launch);

// floor_limits.c: what the process may do, and that the rest is gone.
void prepare_limits(void);  // before the clone: the filter and what Landlock handles, as data
void apply_limits(const struct launch* launch);
