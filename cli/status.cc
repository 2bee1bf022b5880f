#include "cli/status.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/overloaded.h"
#include "base/sys.h"
#include "base/text.h"

namespace confide::cli {
namespace {

using nlohmann::ordered_json;

// A pipe that poll(2) calls writable takes this much without waiting (PIPE_BUF).
constexpr size_t kSurely = 4096;
constexpr int kPatienceMs = 1000;

// False where the reader has gone or does not read: the run goes on without it.
bool put_line(int fd, const ordered_json& object) {
  const std::string line = object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  for (std::string_view rest = line; !rest.empty();) {
    pollfd ready{fd, POLLOUT, 0};
    if (::poll(&ready, 1, kPatienceMs) <= 0 || (ready.revents & POLLOUT) == 0) return false;
    const ssize_t n = ::write(fd, rest.data(), std::min(rest.size(), kSurely));
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) rest.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

ordered_json layer_json(policy::Layer layer, bool applied, const std::string& note) {
  return {{"layer", policy::name_of(layer)}, {"applied", applied}, {"note", note}};
}

ordered_json masked_json(const supervisor::MaskedMessage& masked) {
  return {{"name", masked.name}, {"form", masked.form}, {"stream", masked.stream}, {"times", masked.times}};
}

const char* name_of(Concealing concealing) {
  switch (concealing) {
    case Concealing::kNothing: return "none";
    case Concealing::kOn: return "on";
    case Concealing::kOff: return "off";
  }
  return "";
}

// The last event: with what the masker did.
ordered_json closing(ordered_json object, Concealing concealing,
                     const std::vector<supervisor::MaskedMessage>& counted) {
  object["masking"] = name_of(concealing);
  ordered_json masked = ordered_json::array();
  for (const supervisor::MaskedMessage& one : counted) masked.push_back(masked_json(one));
  object["masked"] = std::move(masked);
  return object;
}

ordered_json lost_json(policy::Layer layer, const std::string& note) {
  return {{"event", "layer-lost"}, {"layer", policy::name_of(layer)}, {"note", note}};
}

ordered_json ended_json(int exit_code, int signal, bool time_limit) {
  return {{"event", "exit"}, {"code", exit_code}, {"signal", signal}, {"time_limit", time_limit}};
}

}  // namespace

Result<StatusWriter> StatusWriter::create(int fd, Concealing concealing) {
  if (fd == -1) return StatusWriter(-1, concealing);
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
    return Error{ErrorKind::kUsage, 0,
                 cat("--status-fd ", fd, ": not open for writing; open it before, as in ", fd, ">status.jsonl")};
  }
  (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);
  (void)::signal(SIGPIPE, SIG_IGN);  // a reader that goes away must not end the run; commands start with the default
  return StatusWriter(fd, concealing);
}

void StatusWriter::write(const launcher::Event& event) {
  if (fd_ < 0) return;
  const auto object = std::visit(
      Overloaded{
          [](const launcher::Planned& planned) {
            ordered_json layers = ordered_json::array();
            for (const auto& layer : planned.plan.layers)
              layers.push_back(layer_json(layer.layer, layer.applied, layer.note));
            return ordered_json{{"event", "layers"}, {"layers", std::move(layers)}};
          },
          [](const launcher::Started& started) {
            return ordered_json{{"event", "started"}, {"sandbox_pid", started.sandbox_pid}};
          },
          [](const launcher::LayerLost& lost) { return lost_json(lost.layer, lost.note); },
          [](const launcher::MaskRenewed& mask) {
            return ordered_json{{"event", "note"}, {"note", cat("masked again: ", printable(mask.path))}};
          },
          [](const launcher::Stopped&) {
            return ordered_json{{"event", "stopped"}};
          },
          [](const launcher::Remark& remark) {
            return ordered_json{{"event", "note"}, {"note", remark.text}};
          },
          [this](const launcher::Ended& ended) {
            return closing(ended_json(ended.exit_code, ended.signal, ended.time_limit), concealing_, masked_);
          },
      },
      event);
  if (!put_line(fd_, object)) fd_ = -1;
}

void StatusWriter::write(const supervisor::RunMessage& message) {
  if (fd_ < 0) return;
  const auto object = std::visit(
      Overloaded{
          [](const supervisor::PlannedMessage& planned) {
            ordered_json layers = ordered_json::array();
            for (const auto& layer : planned.layers)
              layers.push_back(layer_json(layer.layer, layer.applied, layer.note));
            return ordered_json{{"event", "layers"}, {"layers", std::move(layers)}};
          },
          [](const supervisor::StartedMessage& started) {
            return ordered_json{{"event", "started"}, {"sandbox_pid", started.pid}};
          },
          [this](const supervisor::MaskedMessage& masked) {
            masked_.push_back(masked);
            ordered_json event = {{"event", "masked"}};
            event.update(masked_json(masked));
            return event;
          },
          [](const supervisor::LayerLostMessage& lost) { return lost_json(lost.layer, lost.note); },
          [](const supervisor::StoppedMessage&) {
            return ordered_json{{"event", "stopped"}};
          },
          [](const supervisor::WarningMessage& warning) {
            return ordered_json{{"event", "warning"}, {"note", warning.text}};
          },
          [](const supervisor::NoteMessage& note) {
            return ordered_json{{"event", "note"}, {"note", note.text}};
          },
          [](const supervisor::TraceMessage&) { return ordered_json(); },  // printed for --trace-launch
          [this](const supervisor::EndedMessage& ended) {
            return closing(ended_json(ended.exit_code, ended.signal, ended.time_limit), concealing_, masked_);
          },
          [](const supervisor::FailedMessage& failed) {
            return ordered_json{{"event", "failed"}, {"message", failed.what}};
          },
      },
      message);
  if (!object.is_null() && !put_line(fd_, object)) fd_ = -1;
}

void StatusWriter::failed(const Error& error) {
  if (fd_ < 0) return;
  (void)put_line(fd_, closing({{"event", "failed"}, {"message", to_text(error)}, {"code", exit_code(error.kind)}},
                              concealing_, masked_));
}

}  // namespace confide::cli
