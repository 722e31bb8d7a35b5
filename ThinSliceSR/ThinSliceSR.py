"""ThinSliceSR: synthetic 1 mm slices from chest CT of 2 to 10 mm, as a module of 3D Slicer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
import vtk
from slicer import vtkMRMLScalarVolumeNode
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin
from ThinSliceSRLib.engine.run.options import ModelOptions, QualityOptions, SliceOptions

if TYPE_CHECKING:
    from ThinSliceSRLib.desktop.dicom.synthetic_arrivals import SyntheticArrivals
    from ThinSliceSRLib.desktop.panel.panel import Panel
    from ThinSliceSRLib.desktop.scene.synthetic_label import SyntheticLabels


class ThinSliceSR(ScriptedLoadableModule):
    """What Slicer shows of the module before it is opened."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        parent.title = _("ThinSliceSR")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Image Synthesis")]
        parent.dependencies = []
        parent.contributors = ["ThinSliceSR contributors"]
        parent.helpText = _(
            "Makes synthetic thin slices (1 mm) from chest CT that was stored as thick slices (2 to 10 mm), with the "
            "DLS model of Yu et al. Choose the thick volume, press Apply, watch the thin slices appear, and compare "
            "them with bicubic interpolation (BIS) and the original.<br><br>"
            "<b>For research only, not a medical device.</b> Small structures may be invented or lost: always look at "
            "the original too. Do not measure densities, such as emphysema indices, on synthetic slices. Nothing "
            "leaves your computer."
        )
        parent.acknowledgementText = _(
            "If you use this module, please cite: Yu et al., Spatial resolution enhancement using deep learning "
            "improves chest disease diagnosis based on thick slice CT, npj Digital Medicine 7:335 (2024)."
        )
        self.labels: SyntheticLabels | None = None
        self.arrivals: SyntheticArrivals | None = None
        slicer.app.connect("startupCompleted()", self.onStartupCompleted)

    def onStartupCompleted(self) -> None:
        """Offers the sample data, and labels synthetic volumes in every view, also those of scenes loaded later."""
        from ThinSliceSRLib.desktop.compare.comparison_layout import register_layouts
        from ThinSliceSRLib.desktop.setup.sample_data import register_sample_volumes

        self.startLabels()
        layoutNode = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLLayoutNode")
        if layoutNode is not None:  # a scene that was saved during a comparison needs its layout
            register_layouts(layoutNode)
        register_sample_volumes(Path(__file__).parent / "Resources" / "Icons")

    def startLabels(self) -> None:
        """Knows and labels synthetic volumes from now on, if that has not begun yet."""
        from ThinSliceSRLib.desktop.dicom.synthetic_arrivals import SyntheticArrivals
        from ThinSliceSRLib.desktop.scene.synthetic_label import SyntheticLabels

        if self.labels is None:
            self.arrivals, self.labels = SyntheticArrivals(), SyntheticLabels()
            self.arrivals.start()
            self.labels.start()

    def stopLabels(self) -> None:
        if self.labels is not None and self.arrivals is not None:
            self.arrivals.stop()
            self.labels.stop()
            self.arrivals = self.labels = None


@parameterNodeWrapper
class ThinSliceSRParameterNode:
    """The user's choices, which are kept with the scene.

    dlsVolume, bisVolume: volumes to be filled; None makes new ones. model, quality, device, precision, spacing,
    threads: as the engine's command line takes them. makeDoubt: also tell where the result may be wrong. thinVolume:
    real thin slices to compare with.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    dlsVolume: vtkMRMLScalarVolumeNode
    bisVolume: vtkMRMLScalarVolumeNode
    thinVolume: vtkMRMLScalarVolumeNode
    makeBis: bool = True
    makeDoubt: bool = False
    model: str = ModelOptions.weights
    quality: str = QualityOptions.quality
    device: str = ModelOptions.device
    precision: str = ModelOptions.precision
    spacing: str = str(SliceOptions.spacing)
    threads: str = str(ModelOptions.threads)
    startAtCurrentSlice: bool = True


class ThinSliceSRWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Ties the panel to Slicer: its scene, its reload and its end."""

    def __init__(self, parent: object = None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic: ThinSliceSRLogic  # these two by `setup`
        self.panel: Panel
        self._parameters: ThinSliceSRParameterNode | None = None
        self._guiTag: int | None = None

    def setup(self) -> None:
        ScriptedLoadableModuleWidget.setup(self)
        from ThinSliceSRLib.desktop.panel.panel import Panel

        widget = slicer.util.loadUI(self.resourcePath("UI/ThinSliceSR.ui"))
        self.layout.addWidget(widget)
        self.ui = slicer.util.childWidgetVariables(widget)
        widget.setMRMLScene(slicer.mrmlScene)
        self.logic = ThinSliceSRLogic()
        self.panel = Panel(self.ui, self.logic.session)
        slicer.modules.ThinSliceSRInstance.startLabels()  # also where the module was loaded after Slicer had started
        # Selectors choose anew while a scene is closed or loaded, which must not change the parameters that it holds.
        for event in (slicer.mrmlScene.StartCloseEvent, slicer.mrmlScene.StartImportEvent):
            self.addObserver(slicer.mrmlScene, event, self.onSceneStartsToChange)
        for event in (slicer.mrmlScene.EndCloseEvent, slicer.mrmlScene.EndImportEvent):
            self.addObserver(slicer.mrmlScene, event, self.onSceneChanged)
        self.setParameters(self.logic.getParameterNode())

    def cleanup(self) -> None:
        """Called before a reload and when Slicer quits, where `exit` may follow."""
        self.setParameters(None)
        self.removeObservers()
        self.panel.close()

    def enter(self) -> None:
        """Called each time the user opens this module."""
        if self._parameters is None or not self._parameters.inputVolume:
            self.setParameters(self.logic.getParameterNode())
        self.panel.enter()

    def exit(self) -> None:
        """Called each time the user leaves this module."""
        self.panel.leave()

    def onSceneStartsToChange(self, caller: object, event: str) -> None:
        self.setParameters(None)

    def onSceneChanged(self, caller: object, event: str) -> None:
        self.setParameters(self.logic.getParameterNode())

    def onReload(self) -> None:
        """Reads the library anew too, which Slicer would keep."""
        slicer.modules.ThinSliceSRInstance.stopLabels()
        for name in [name for name in sys.modules if name.split(".")[0] == "ThinSliceSRLib"]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)
        slicer.modules.ThinSliceSRWidget.enter()  # the new one, which Slicer tells of all but this

    def setParameters(self, parameters: ThinSliceSRParameterNode | None) -> None:
        """Shows these parameters from now on; None while there is no scene to keep them."""
        from ThinSliceSRLib.desktop.scene.viewed_slice import likely_input

        if self._parameters is not None:
            self._parameters.disconnectGui(self._guiTag)  # type: ignore[attr-defined]  # the wrapper adds it
            self.removeObserver(self._parameters, vtk.vtkCommand.ModifiedEvent, self.onParametersChanged)
        self._parameters = parameters
        if parameters is not None:
            if not parameters.inputVolume:
                parameters.inputVolume = likely_input()
            self._guiTag = parameters.connectGui(self.ui)  # type: ignore[attr-defined]  # the wrapper adds it
            self.addObserver(parameters, vtk.vtkCommand.ModifiedEvent, self.onParametersChanged)
        self.panel.set_parameters(parameters)

    def onParametersChanged(self, caller: object = None, event: str | None = None) -> None:
        self.panel.show_parameters()


class ThinSliceSRLogic(ScriptedLoadableModuleLogic):
    """What scripts use: `ThinSliceSRLogic().synthesize(volume)`."""

    def __init__(self) -> None:
        ScriptedLoadableModuleLogic.__init__(self)
        from ThinSliceSRLib.desktop.run.session import Session

        self.session = Session()

    def getParameterNode(self) -> ThinSliceSRParameterNode:
        return ThinSliceSRParameterNode(super().getParameterNode())  # type: ignore[call-arg]  # the wrapper adds it

    def synthesize(
        self, inputVolume: vtkMRMLScalarVolumeNode, **choices: Any
    ) -> tuple[vtkMRMLScalarVolumeNode, vtkMRMLScalarVolumeNode | None]:
        """The DLS and BIS volumes of a thick volume, made while Slicer goes on answering.

        choices: see `ThinSliceSRLib.desktop.worker.request.Request`. Raises ThinSliceError with one sentence that says
        what is wrong and what to do.
        """
        from ThinSliceSRLib.desktop.worker.request import Request

        results = self.session.synthesize(Request(inputVolume, **choices))
        return results.dls, results.bis


class ThinSliceSRTest(ScriptedLoadableModuleTest):
    """The main path inside Slicer: a small chest, no network, no GPU. PyTorch must be installed."""

    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

    def runTest(self) -> None:
        self.setUp()
        self.test_main_path()
        print("ThinSliceSR self-test passed")

    def test_main_path(self) -> None:
        from ThinSliceSRLib.desktop.setup.self_test import run_main_path

        logic = ThinSliceSRLogic()
        try:
            run_main_path(logic.session, self.delayDisplay)
        finally:
            logic.session.close()
