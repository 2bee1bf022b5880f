#include "cli/prove_stage.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/sys.h"
#include "base/text.h"

namespace confide::cli {
namespace {

std::string hexadecimal(std::string_view bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

std::string token() {
  unsigned char bytes[8] = {};
  (void)!::getrandom(bytes, sizeof bytes, 0);
  return hexadecimal({reinterpret_cast<const char*>(bytes), sizeof bytes});
}

// The first line that the victim says.
std::string first_line(int fd) {
  std::string line;
  char byte = 0;
  while (line.size() < 4096 && ::read(fd, &byte, 1) == 1 && byte != '\n') line += byte;
  return line;
}

UniqueFd listen_at(const sockaddr* address, socklen_t size) {
  UniqueFd fd(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() || ::bind(fd.get(), address, size) != 0 || ::listen(fd.get(), 64) != 0) return {};
  return fd;
}

UniqueFd listen_unix(const std::string& name) {  // a NUL in front: abstract
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) return {};
  std::memcpy(address.sun_path, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  return listen_at(reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace

Result<ProveStage> ProveStage::set(const std::string& helper) {
  ProveStage stage;
  const std::string canary = cat("CANARY-", token());
  stage.scene_.needle = hexadecimal(canary);
  // A ring of its own, so that the caller's keeps nothing of this.
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) >= 0)
    (void)::syscall(SYS_add_key, "user", "confide-prove", canary.data(), canary.size(), KEY_SPEC_SESSION_KEYRING);
  TRY(stage.write_files(canary));
  stage.open_listeners();
  TRY(stage.start_victim(helper, canary));
  return stage;
}

Status ProveStage::write_files(const std::string& canary) {
  const auto write = [&](std::string path, std::string& into) -> Status {
    const UniqueFd fd = TRY(sys::openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    files_.push_back(path);
    into = std::move(path);
    return sys::write_all(fd.get(), std::string_view(canary));
  };
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/' && home[1] != '\0')
    TRY(write(cat(home, "/.confide-prove-", token()), scene_.home_file));
  return write(cat("/tmp/confide-prove-", token()), scene_.tmp_file);
}

void ProveStage::open_listeners() {
  const auto keep = [&](UniqueFd fd) {
    const bool works = fd.valid();
    if (works) listeners_.push_back(std::move(fd));
    return works;
  };
  const std::string path = cat("/tmp/confide-prove-", token(), ".socket");
  if (keep(listen_unix(path))) {
    scene_.socket = path;
    files_.push_back(path);
  }
  const std::string name = cat("confide-prove-", token());
  if (keep(listen_unix(std::string(1, '\0') + name))) scene_.abstract = name;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (keep(listen_at(reinterpret_cast<const sockaddr*>(&address), size)) &&
      ::getsockname(listeners_.back().get(), reinterpret_cast<sockaddr*>(&address), &size) == 0)
    scene_.port = cat(ntohs(address.sin_port));
}

Status ProveStage::start_victim(const std::string& helper, const std::string& canary) {
  auto input = TRY(sys::pipe());
  auto output = TRY(sys::pipe());
  const std::string posix = cat("/confide-prove-", token());
  const std::string posix_word = "posix=" + posix;
  const std::string variable = "PROVE_SECRET=" + canary;
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return sys::errno_error("fork");
  if (pid == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (::getppid() != parent) ::_exit(0);
    ::dup2(input.read.get(), 0);
    ::dup2(output.write.get(), 1);
    const char* const argv[] = {"confide-probe", "victim", "env=PROVE_SECRET", posix_word.c_str(), nullptr};
    const char* const envp[] = {variable.c_str(), nullptr};
    ::execve(helper.c_str(), const_cast<char* const*>(argv), const_cast<char* const*>(envp));
    ::_exit(127);
  }
  victim_ = pid;
  victim_input_ = std::move(input.write);
  output.write.reset();
  const auto said = nlohmann::json::parse(first_line(output.read.get()), nullptr, false);
  if (!said.is_object() || !said.contains("held") || !said["held"].is_string())
    return Error{ErrorKind::kSystem, 0, cat(helper, " did not start as the stand-in victim")};
  scene_.pid = cat(pid);
  scene_.held = said["held"].get<std::string>();
  scene_.memfd = cat(said.value("memfd", -1));
  scene_.posix = posix;
  return {};
}

ProveStage::ProveStage(ProveStage&& other) noexcept
    : scene_(std::move(other.scene_)),
      files_(std::exchange(other.files_, {})),
      listeners_(std::move(other.listeners_)),
      victim_input_(std::move(other.victim_input_)),
      victim_(std::exchange(other.victim_, -1)) {}

ProveStage::~ProveStage() {
  for (const std::string& path : files_) (void)::unlink(path.c_str());
  victim_input_.reset();
  if (victim_ <= 0) return;
  (void)sys::waitpid(victim_);
}

}  // namespace confide::cli
