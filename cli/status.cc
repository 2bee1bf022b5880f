#include "cli/status.h"

#include <fcntl.h>

#include <nlohmann/json.hpp>

#include "base/overloaded.h"
#include "base/sys.h"
#include "base/text.h"

namespace confide::cli {
namespace {

using nlohmann::ordered_json;

void put_line(int fd, const ordered_json& object) {
  // A reader that went away is its own business: the run goes on.
  (void)sys::write_all(fd, object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
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
          [](const launcher::LayerLost& lost) {
            return ordered_json{{"event", "layer-lost"}, {"layer", policy::name_of(lost.layer)}, {"note", lost.note}};
          },
          [](const launcher::MaskRenewed& mask) {
            return ordered_json{{"event", "note"}, {"note", cat("masked again: ", printable(mask.path))}};
          },
          [](const launcher::Remark& remark) {
            return ordered_json{{"event", "note"}, {"note", remark.text}};
          },
          [this](const launcher::Ended& ended) {
            return closing(ended_json(ended.exit_code, ended.signal, ended.time_limit), concealing_, masked_);
          },
      },
      event);
  put_line(fd_, object);
}

void StatusWriter::write(const supervisor::RunMessage& message) {
  if (fd_ < 0) return;
  const auto object = std::visit(Overloaded{
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
                                     [](const supervisor::WarningMessage& warning) {
                                       return ordered_json{{"event", "warning"}, {"note", warning.text}};
                                     },
                                     [](const supervisor::NoteMessage& note) {
                                       return ordered_json{{"event", "note"}, {"note", note.text}};
                                     },
                                     [this](const supervisor::EndedMessage& ended) {
                                       return closing(ended_json(ended.exit_code, ended.signal, ended.time_limit),
                                                      concealing_, masked_);
                                     },
                                     [](const supervisor::FailedMessage& failed) {
                                       return ordered_json{{"event", "failed"}, {"message", failed.what}};
                                     },
                                 },
                                 message);
  put_line(fd_, object);
}

void StatusWriter::failed(const Error& error) {
  if (fd_ < 0) return;
  put_line(fd_, closing({{"event", "failed"}, {"message", to_text(error)}, {"code", exit_code(error.kind)}},
                        concealing_, masked_));
}

}  // namespace confide::cli
