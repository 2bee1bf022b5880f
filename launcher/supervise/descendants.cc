#include "launcher/supervise/descendants.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"

namespace confide::launcher {

void end_descendants() {
  // Each kill hands the victim's children to this process, the subreaper, so the list grows until the tree is flat.
  for (;;) {
    const auto children = sys::read_file(cat("/proc/self/task/", ::getpid(), "/children"), 1 << 20);
    if (!children) return;
    bool any = false;
    for (const std::string_view word : split(*children, ' ')) {
      const auto pid = parse_number(trim(word));
      if (!pid) continue;
      any = true;
      (void)::kill(static_cast<pid_t>(*pid), SIGKILL);
    }
    if (!any) return;
    (void)::waitpid(-1, nullptr, 0);
  }
}

}  // namespace confide::launcher
