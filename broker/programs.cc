#include "broker/programs.h"

#include <unistd.h>
#include <climits>

#include "base/text.h"

namespace confide::broker {

Result<std::string> find_program(std::string_view name) {
  char buffer[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", buffer, sizeof buffer);
  if (size <= 0) return Error{ErrorKind::kUnsupported, 0, "/proc/self/exe cannot be read: is /proc mounted?"};
  const std::string self(buffer, static_cast<size_t>(size));
  const std::string folder = self.substr(0, self.rfind('/'));
  const std::string beside = cat(folder, "/", name);
  if (::access(beside.c_str(), X_OK) == 0) return beside;
  const std::string installed = cat(folder.substr(0, folder.rfind('/')), "/libexec/confide/", name);
  if (::access(installed.c_str(), X_OK) == 0) return installed;
  return Error{ErrorKind::kUnsupported, 0,
               cat(name, " is neither ", beside, " nor ", installed, "; reinstall confide")};
}

}  // namespace confide::broker
