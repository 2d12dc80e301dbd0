package io.recommender.onnx;

import java.util.Objects;

/**
 * How a model is run.
 *
 * <p>The defaults suit a server that answers many callers: one thread for each call, no spinning,
 * so that n callers on n cores get n times the throughput of one. A single caller who wants the
 * lowest latency of one call raises {@link Builder#intraOpThreads} and allows spinning.
 *
 * <p><b>Immutable</b>; the builder is <b>confined</b>.
 */
public final class OnnxOptions {
  private static final OnnxOptions DEFAULTS = builder().build();

  private final Device device;
  private final int intraOpThreads;
  private final boolean spinning;

  private OnnxOptions(Builder builder) {
    device = builder.device;
    intraOpThreads = builder.intraOpThreads;
    spinning = builder.spinning;
  }

  /** {@return CPU, one thread, no spinning} */
  public static OnnxOptions defaults() {
    return DEFAULTS;
  }

  /** {@return a builder that starts from the defaults} */
  public static Builder builder() {
    return new Builder();
  }

  /** {@return where the model runs} */
  public Device device() {
    return device;
  }

  /** {@return how many threads share one run of the model} */
  public int intraOpThreads() {
    return intraOpThreads;
  }

  /** {@return whether idle threads of the runtime burn CPU to start sooner} */
  public boolean spinning() {
    return spinning;
  }

  /** Collects options. */
  public static final class Builder {
    private Device device = Device.cpu();
    private int intraOpThreads = 1;
    private boolean spinning;

    private Builder() {}

    /**
     * Sets where the model runs.
     *
     * @param device the device; the CPU if never set
     * @return this
     */
    public Builder device(Device device) {
      this.device = Objects.requireNonNull(device, "device");
      return this;
    }

    /**
     * Sets how many threads share one run of the model.
     *
     * @param intraOpThreads at least 1, which is the default
     * @return this
     */
    public Builder intraOpThreads(int intraOpThreads) {
      if (intraOpThreads < 1) {
        throw new IllegalArgumentException(
            "intraOpThreads: expected at least 1, found " + intraOpThreads);
      }
      this.intraOpThreads = intraOpThreads;
      return this;
    }

    /**
     * Sets whether idle threads of the runtime burn CPU to start sooner. Only matters with several
     * threads.
     *
     * @param spinning off by default
     * @return this
     */
    public Builder spinning(boolean spinning) {
      this.spinning = spinning;
      return this;
    }

    /** {@return the options} */
    public OnnxOptions build() {
      return new OnnxOptions(this);
    }
  }
}
