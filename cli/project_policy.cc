#include "cli/project_policy.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/sys.h"
#include "base/text.h"
#include "launcher/launcher.h"
#include "policy/parse.h"
#include "trust/digest.h"
#include "trust/store.h"

namespace confide::cli {

Result<std::optional<std::string>> read_project_file(const std::string& project) {
  const std::string path = project + "/confide.toml";
  const auto fd = sys::openat(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd && fd.error().errnum == ENOENT) return std::optional<std::string>();
  if (!fd && fd.error().errnum == ELOOP)
    return Error{ErrorKind::kRefused, 0, cat(printable(path), " is a link; put the file itself there")};
  if (!fd) return Error{ErrorKind::kRefused, fd.error().errnum, printable(path)};
  struct stat found {};
  if (::fstat(fd->get(), &found) != 0) return sys::errno_error("fstat", printable(path));
  if (!S_ISREG(found.st_mode)) return Error{ErrorKind::kRefused, 0, cat(printable(path), " is no file")};
  return std::optional(TRY(sys::read_all(fd->get(), policy::kMaxPolicyBytes, printable(path))));
}

Result<ProjectPolicy> allowed_policy(const std::string& project) {
  ProjectPolicy result;
  const auto text = read_project_file(project);
  if (!text) {
    result.remark = cat(text.error().what, ": it is not used");
    return result;
  }
  const std::optional<std::string>& found = *text;
  if (!found) return result;
  const std::string path = project + "/confide.toml";
  const std::string cure = cat("; read it, then: confide allow ", shell_quote(printable(project)));
  const auto digest = TRY(trust::Store(launcher::home_of_account()).allowed_digest(project));
  if (!digest)
    result.remark = cat(printable(path), " is not used: nobody has allowed it", cure);
  else if (*digest != trust::sha256_hex(*found))
    result.remark = cat(printable(path), " is not used: it has changed since it was allowed", cure);
  else
    result.document = TRY(policy::parse(*found, printable(path), {.role = policy::Role::kProject}));
  return result;
}

}  // namespace confide::cli
