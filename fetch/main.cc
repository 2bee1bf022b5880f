// confide-fetch: started by the broker (fetch/wire.h), never by hand. Answers one request, then stays only as long as
// something that it was lent must be renewed; SIGTERM gives it back.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>

#include "base/sys.h"
#include "fetch/session.h"
#include "fetch/wire.h"

namespace confide::fetch {
namespace {

// Until SIGTERM; false where that came before the time was over.
bool wait(int64_t ms) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  const timespec time{ms / 1000, (ms % 1000) * 1'000'000};
  return ::sigtimedwait(&set, nullptr, &time) < 0;
}

Result<Request> read_request() {
  const std::string bytes = TRY(sys::read_all(0, kMaxRequest, "the request"));
  // Its descriptor is the request too.
  const UniqueFd nothing = TRY(sys::openat(AT_FDCWD, "/dev/null", O_RDONLY));
  if (::dup2(nothing.get(), 0) != 0) return sys::errno_error("dup2");
  return parse_request(bytes);
}

int serve() {
  const auto request = read_request();
  if (!request) return 2;
  const auto session = request->scheme == "vault"     ? open_vault(*request)
                       : request->scheme == "connect" ? open_connect(*request)
                                                      : nullptr;
  if (session == nullptr) return 2;
  if (!sys::write_all(1, encode_answers(session->answer(*request), request->nonce))) return 1;
  session->forget();
  while (const auto next = session->renew_in_ms()) {
    if (!wait(*next)) break;
    session->renew();
  }
  session->end();
  return 0;
}

}  // namespace
}  // namespace confide::fetch

int main(int argc, char**) {
  if (argc != 1 || ::isatty(0) != 0) {
    (void)std::fputs("confide-fetch: this program is started by confide; see confide(1)\n", stderr);
    return 2;
  }
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const rlimit none{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &none);
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGPIPE}) ::sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  return confide::fetch::serve();
}
