//! The hardware of devices that need some: looked for, and tried with a sum, before anything is computed on it.
//!
//! What drives it is foreign code, which panics where a driver lacks a part; here that is an error.

use std::sync::OnceLock;

use burn::tensor::{Device, Tensor};
use ser_stage::foreign;

use crate::error::TrainError;
use crate::params;

/// A device that computes, or why there is none, to be read after "looked for it, and".
type Found = Result<Device, String>;

/// The adapter that wgpu prefers among those of the installed drivers, or that `CUBECL_WGPU_DEFAULT_DEVICE` asks for.
#[cfg(feature = "wgpu")]
pub(crate) fn wgpu() -> Result<Device, TrainError> {
    use burn::tensor::wgpu::WgpuInitError;

    /// Where cubecl is told which adapter to take.
    const ASKED: &str = "CUBECL_WGPU_DEFAULT_DEVICE";
    static FOUND: OnceLock<Found> = OnceLock::new();
    let search = || {
        Device::wgpu_options().init().map_err(|error| match error {
            WgpuInitError::AdapterUnavailable { .. } => match std::env::var(ASKED) {
                Ok(asked) => format!("there is none of those that `{ASKED}={asked}` asks for"),
                Err(_) => "there is none".to_owned(),
            },
            other => format!("it cannot be used: {other}"),
        })
    };
    once(&FOUND, search).map_err(|found| TrainError::NoHardware {
        device: params::Device::Wgpu.as_str(),
        wanted: "an adapter of Vulkan, Metal, DirectX 12 or OpenGL",
        found,
        remedy: "install its driver (without a graphics processor one that computes on the processor, in Debian's \
                 `mesa-vulkan-drivers`)",
    })
}

/// The first graphics processor of NVIDIA's driver.
#[cfg(feature = "cuda")]
pub(crate) fn cuda() -> Result<Device, TrainError> {
    static FOUND: OnceLock<Found> = OnceLock::new();
    let search = || {
        let devices = Device::enumerate(burn::tensor::DeviceType::Cuda);
        if devices.is_empty() { Err("there is none".to_owned()) } else { Ok(Device::cuda(0_usize)) }
    };
    once(&FOUND, search).map_err(|found| TrainError::NoHardware {
        device: params::Device::Cuda.as_str(),
        wanted: "an NVIDIA graphics processor",
        found,
        remedy: "install NVIDIA's driver and the CUDA toolkit",
    })
}

/// What `search` found when it was first asked for: a driver is set up once in a process.
fn once(found: &OnceLock<Found>, search: impl FnOnce() -> Found) -> Found {
    in_one_queue();
    let search =
        || foreign(|| search().and_then(tried)).unwrap_or_else(|_| Err("its driver fails at 1 + 1".to_owned()));
    found.get_or_init(search).clone()
}

/// Lets the work of all threads go to a device in one queue, in the order in which it is asked for.
///
/// By default each thread has a queue of its own, whose work begins when there is much of it or when something is read. A
/// tensor belongs to the queue that its memory was taken in. cubecl 0.11 has work on a tensor wait for that queue, and not
/// for the one that changed the tensor in place since (`Handle::can_mut` asks only whether it is held once): its values of
/// before are read. A fold's tensors do go from thread to thread, from its own to those of the pool and back, and the
/// optimiser works in place: weights, averages and means lacked steps.
///
/// On wgpu several queues would gain nothing, as the device has one for all of them. On CUDA folds that are trained side by
/// side no longer overlap on the device.
fn in_one_queue() {
    use cubecl_environment::stream::{StreamPolicy, set_policy};

    set_policy(StreamPolicy::Single);
}

/// `device`, if it can add.
fn tried(device: Device) -> Found {
    let sum: Vec<f32> = Tensor::<1>::ones([2], &device).sum().into_data().iter::<f32>().collect();
    if sum == [2.0] { Ok(device) } else { Err(format!("its driver says that 1 + 1 is {sum:?}")) }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::engine::{Engine, values};
    use crate::params::Kernels;

    /// Devices that are compiled in and whose hardware is here. One line says of each other that its tests are skipped;
    /// where the environment variable `SER_DEVICES` is `required`, they fail.
    pub(crate) fn present() -> &'static [params::Device] {
        static PRESENT: OnceLock<Vec<params::Device>> = OnceLock::new();
        PRESENT.get_or_init(|| {
            let mut devices = vec![params::Device::Wgpu, params::Device::Cuda];
            devices.retain(|device| device.missing_feature().is_none());
            devices.retain(|device| match Engine::new(*device, Kernels::Burn) {
                Ok(_) => true,
                Err(error) => {
                    let required = std::env::var_os("SER_DEVICES").is_some_and(|value| value == "required");
                    assert!(!required, "{error}");
                    // Past the runner, which shows what a test printed only where it failed.
                    let _ = writeln!(std::io::stderr(), "SKIPPED: tests of networks on a device: {error}");
                    false
                }
            });
            devices
        })
    }

    /// In a process of its own, whose environment asks for an adapter that no machine has.
    #[test]
    #[cfg(feature = "wgpu")]
    fn hardware_that_is_not_there_is_an_error() {
        const CHILD: &str = "SER_TEST_WITHOUT_HARDWARE";
        if std::env::var_os(CHILD).is_some() {
            for _ in 0..2 {
                let error = Engine::new(params::Device::Wgpu, Kernels::Own).expect_err("no machine has it");
                let text = error.to_string();
                assert!(text.starts_with("the device `wgpu` is not on this machine: looked for an adapter"), "{text}");
                assert!(
                    text.contains("that `CUBECL_WGPU_DEFAULT_DEVICE=DiscreteGpu(999)` asks for; install"),
                    "{text}"
                );
                assert!(text.ends_with("or use `cpu`"), "{text}");
            }
            return;
        }
        let output = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "hardware::tests::hardware_that_is_not_there_is_an_error"])
            .env(CHILD, "")
            .env("CUBECL_WGPU_DEFAULT_DEVICE", "DiscreteGpu(999)")
            .output()
            .expect("this program");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }

    #[test]
    fn what_another_thread_changed_in_place_is_read_as_it_is() {
        for device in present() {
            let engine = Engine::new(*device, Kernels::Burn).expect("it is there");
            for _ in 0..8 {
                let mut tensor = Tensor::<1>::zeros([3], &engine.device);
                for _ in 0..4 {
                    // Nothing else holds the tensor, so that no new one is made for the sum.
                    tensor = std::thread::spawn(move || tensor + 1.0).join().expect("a sum");
                }
                assert_eq!(values(tensor), [4.0; 3], "{}", device.as_str());
            }
        }
    }

    #[test]
    fn a_driver_that_panics_is_an_error() {
        static FAILS: OnceLock<Found> = OnceLock::new();
        static WORKS: OnceLock<Found> = OnceLock::new();
        for _ in 0..2 {
            let found = once(&FAILS, || panic!("as a driver does"));
            assert_eq!(found.expect_err("no device"), "its driver fails at 1 + 1");
            assert_eq!(once(&WORKS, || Ok(Device::flex())).expect("it adds"), Device::flex());
        }
    }
}
