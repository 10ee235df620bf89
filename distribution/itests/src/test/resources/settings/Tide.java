package io.acme.tide;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.TargetGroup;
import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.function.FunctionProvider;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A plugin with one provider of most kinds, for tests of settings. */
public final class Tide {
  public record Found(
      @Setting(help = "Address of the gauge", required = true) String gauge,
      @Setting(help = "Number that opens it") Secret pin,
      @Setting(help = "Pause", defaultValue = "45s", min = 1) Duration pause) {}

  public static final class Discover implements DiscoveryProvider<Found> {
    @Override
    public String type() {
      return "tide";
    }

    @Override
    public Class<Found> configType() {
      return Found.class;
    }

    @Override
    public Discovery open(Found config, PluginContext context) {
      return sink -> {
        sink.update(
            List.of(
                new TargetGroup(
                    "all", Map.of(), List.of(Map.of(TargetGroup.ADDRESS, config.gauge())))));
        Thread.sleep(Long.MAX_VALUE);
      };
    }
  }

  public record Measured(
      @Setting(help = "Height of the water", unit = "metres", min = 0) double height,
      @Setting(help = "Number that opens it") Secret pin) {}

  public static final class Export implements ExporterProvider<Measured> {
    @Override
    public String type() {
      return "tide";
    }

    @Override
    public Class<Measured> configType() {
      return Measured.class;
    }

    @Override
    public Exporter open(Measured config, PluginContext context) {
      return new Exporter() {
        @Override
        public void collect(MetricSink sink, Map<String, List<String>> parameters) {
          Path seen = context.stateDirectory().resolve("seen");
          try {
            Files.writeString(seen, ".", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          sink.family(new MetricMetadata("tide_height", MetricType.GAUGE, "Height.", ""));
          sink.sample("tide_height", Labels.EMPTY, config.height());
        }

        @Override
        public void close() {}
      };
    }
  }

  public record Told(
      @Setting(help = "Who is told", oneOf = {"harbour", "ships"}, defaultValue = "harbour")
          String who) {}

  public record Globals(
      @Setting(help = "Where to post") String tideUrl,
      @Setting(help = "Key of the account", excludes = "tide_key_file") Secret tideKey,
      @Setting(help = "File with the key") String tideKeyFile) {}

  public static final class Notify implements NotifierProvider<Told, Globals> {
    @Override
    public String type() {
      return "tide";
    }

    @Override
    public Class<Told> configType() {
      return Told.class;
    }

    @Override
    public Class<Globals> globalConfigType() {
      return Globals.class;
    }

    @Override
    public String templates() {
      return "{{ define \"tide.default.text\" }}by {{ template \"__alertmanager\" . }}{{ end }}";
    }

    @Override
    public boolean sendResolvedByDefault() {
      return true;
    }

    @Override
    public Notifier open(Told config, Globals globals, PluginContext context) {
      return new Notifier() {
        @Override
        public SendResult send(Notification notification) throws InterruptedException {
          String key = globals.tideKey() == null ? "" : globals.tideKey().reveal();
          String text = notification.templates().text("{{ template \"tide.default.text\" . }}");
          String body =
              "{\"who\":\"%s\",\"key\":\"%s\",\"text\":\"%s\"}".formatted(config.who(), key, text);
          try (HttpTransport.Response r =
              context
                  .http()
                  .send(
                      HttpTransport.Request.post(
                          GoUrl.parse(globals.tideUrl()),
                          "application/json",
                          body.getBytes(StandardCharsets.UTF_8),
                          Duration.ofSeconds(5)),
                      HttpTransport.HttpSettings.DEFAULT)) {
            return r.status() / 100 == 2
                ? SendResult.delivered()
                : SendResult.retryLater("status " + r.status());
          } catch (IOException e) {
            return SendResult.retryLater(String.valueOf(e.getMessage()));
          }
        }

        @Override
        public void close() {}
      };
    }
  }

  public static final class Functions implements FunctionProvider {
    @Override
    public String type() {
      return "tide";
    }

    @Override
    public List<PromqlFunction> functions() {
      return List.of(
          new PromqlFunction(
              "tide_double",
              List.of(PromqlFunction.ArgumentType.VECTOR),
              (PromqlFunction.OfVector)
                  (call, values, present) -> {
                    for (int i = 0; i < values.length; i++) {
                      values[i] *= 2;
                    }
                  }));
    }
  }
}
