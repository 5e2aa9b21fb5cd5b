// cuComplex.h: a discrete Fourier transform by sums, and back, against the host's std::complex.
#include <complex>
#include <cuComplex.h>

#include "../check.h"

__global__ void transform(const cuDoubleComplex *from, cuDoubleComplex *to, int count, double sign) {
    int frequency = threadIdx.x;
    cuDoubleComplex sum = make_cuDoubleComplex(0, 0);
    for (int at = 0; at < count; at++) {
        double sine, cosine;
        sincospi(sign * 2 * (frequency * at % count) / count, &sine, &cosine);
        sum = cuCfma(from[at], make_cuDoubleComplex(cosine, sine), sum);
    }
    to[frequency] = sum;
}

__global__ void others(const cuDoubleComplex *values, double *results) {
    cuDoubleComplex x = values[threadIdx.x], y = values[threadIdx.x + 1];
    cuDoubleComplex quotient = cuCdiv(x, y), product = cuCmul(cuConj(x), y);
    double *own = results + 5 * threadIdx.x;
    own[0] = cuCreal(quotient);
    own[1] = cuCimag(quotient);
    own[2] = cuCreal(product);
    own[3] = cuCimag(product);
    own[4] = cuCabs(cuCsub(x, y));
}

static void near(const char *what, double got, double wanted, size_t index) {
    if (!(std::fabs(got - wanted) <= 1e-12 * std::max(1.0, std::fabs(wanted))))
        check::differs(what, index, check::text(got), check::text(wanted));
}

int main() {
    const int count = 60;
    check::Random random;
    std::vector<cuDoubleComplex> values;
    std::vector<std::complex<double>> on_host;
    for (int at = 0; at < count; at++) {
        values.push_back(make_cuDoubleComplex(random.between(-1, 1), random.between(-1, 1)));
        on_host.push_back({values[at].x, values[at].y});
    }
    check::Device<cuDoubleComplex> there(values), turned(count), back(count);
    transform<<<1, count>>>(there, turned, count, -1);
    transform<<<1, count>>>(turned, back, count, 1);
    auto frequencies = turned.read(), again = back.read();
    for (int frequency = 0; frequency < count; frequency++) {
        std::complex<double> wanted;
        for (int at = 0; at < count; at++)
            wanted += on_host[at] * std::polar(1.0, -2 * M_PI * frequency * at / count);
        near("real part", frequencies[frequency].x, wanted.real(), frequency);
        near("imaginary part", frequencies[frequency].y, wanted.imag(), frequency);
        near("and back", again[frequency].x / count, on_host[frequency].real(), frequency);
    }

    check::Device<double> results(5 * (count - 1));
    others<<<1, count - 1>>>(there, results);
    auto seen = results.read();
    for (int at = 0; at + 1 < count; at++) {
        std::complex<double> x = on_host[at], y = on_host[at + 1], quotient = x / y, product = std::conj(x) * y;
        const double wanted[] = {quotient.real(), quotient.imag(), product.real(), product.imag(), std::abs(x - y)};
        for (int part = 0; part < 5; part++)
            near("quotient, product, distance", seen[5 * at + part], wanted[part], 5 * at + part);
    }
    return check::status();
}
