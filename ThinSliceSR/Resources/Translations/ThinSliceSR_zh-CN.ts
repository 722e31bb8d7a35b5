<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh-CN" sourcelanguage="en">
<context>
    <name>DICOMThinSliceSRPlugin</name>
    <message>
        <source>Synthetic Volume (ThinSliceSR)</source>
        <translation>合成体数据（ThinSliceSR）</translation>
    </message>
    <message>
        <source>Makes a CT series that says that it is synthetic, in the study of the input. Its patient and study are those of the input&apos;s files, whatever stands here.</source>
        <translation>在输入图像所属的检查中新建一个注明为合成图像的 CT 序列。无论此处填写什么，其患者和检查信息均取自输入图像的文件。</translation>
    </message>
</context>
<context>
    <name>ThinSliceSR</name>
    <message>
        <source>ThinSliceSR</source>
        <translation>ThinSliceSR</translation>
    </message>
    <message>
        <source>Makes synthetic thin slices (1 mm) from chest CT that was stored as thick slices (2 to 10 mm), with the DLS model of Yu et al. Choose the thick volume, press Apply, watch the thin slices appear, and compare them with bicubic interpolation (BIS) and the original.&lt;br&gt;&lt;br&gt;&lt;b&gt;For research only, not a medical device.&lt;/b&gt; Small structures may be invented or lost: always look at the original too. Do not measure densities, such as emphysema indices, on synthetic slices. Nothing leaves your computer.</source>
        <translation>用 Yu 等人的 DLS 模型，由以厚层（2 至 10 mm）保存的胸部 CT 合成薄层图像（1 mm）。选择厚层体数据，按“开始”，薄层图像即逐步显示，并可与双三次插值（BIS）及原始图像对比。&lt;br&gt;&lt;br&gt;&lt;b&gt;仅供研究，不是医疗器械。&lt;/b&gt;细小结构可能是凭空产生的，也可能丢失：请务必同时查看原始图像。不要在合成图像上测量密度，例如肺气肿指数。任何数据都不会离开您的计算机。</translation>
    </message>
    <message>
        <source>If you use this module, please cite: Yu et al., Spatial resolution enhancement using deep learning improves chest disease diagnosis based on thick slice CT, npj Digital Medicine 7:335 (2024).</source>
        <translation>使用本模块时请引用：Yu et al., Spatial resolution enhancement using deep learning improves chest disease diagnosis based on thick slice CT, npj Digital Medicine 7:335 (2024)。</translation>
    </message>
    <message>
        <source>Input</source>
        <translation>输入</translation>
    </message>
    <message>
        <source>Which volume is to be turned into thin slices.</source>
        <translation>要转换为薄层图像的体数据。</translation>
    </message>
    <message>
        <source>Thick volume:</source>
        <translation>厚层体数据：</translation>
    </message>
    <message>
        <source>The chest CT with thick slices, as it was stored.</source>
        <translation>按原样保存的厚层胸部 CT。</translation>
    </message>
    <message>
        <source>What the chosen volume is.</source>
        <translation>所选体数据的基本情况。</translation>
    </message>
    <message>
        <source>What speaks against this volume, or asks for care with the result.</source>
        <translation>该体数据不适用的原因，或解读结果时需要注意的事项。</translation>
    </message>
    <message>
        <source>Output</source>
        <translation>输出</translation>
    </message>
    <message>
        <source>Where the thin slices go.</source>
        <translation>薄层图像存放的位置。</translation>
    </message>
    <message>
        <source>DLS volume:</source>
        <translation>DLS 体数据：</translation>
    </message>
    <message>
        <source>The synthetic thin slices made by the network.</source>
        <translation>由网络合成的薄层图像。</translation>
    </message>
    <message>
        <source>Volume that takes the synthetic thin slices; what it holds now is replaced. A new one is made unless you choose one.</source>
        <translation>用于存放合成薄层图像的体数据，其现有内容将被替换。如不选择，则新建一个。</translation>
    </message>
    <message>
        <source>Make a new volume</source>
        <translation>新建体数据</translation>
    </message>
    <message>
        <source>BIS volume:</source>
        <translation>BIS 体数据：</translation>
    </message>
    <message>
        <source>Thin slices by bicubic interpolation, without the network, to compare with.</source>
        <translation>不使用网络，由双三次插值得到的薄层图像，供对比之用。</translation>
    </message>
    <message>
        <source>Also make the BIS volume: thin slices by bicubic interpolation, to compare with.</source>
        <translation>同时生成 BIS 体数据：由双三次插值得到的薄层图像，供对比之用。</translation>
    </message>
    <message>
        <source>Volume that takes the interpolated thin slices; what it holds now is replaced. A new one is made unless you choose one.</source>
        <translation>用于存放插值薄层图像的体数据，其现有内容将被替换。如不选择，则新建一个。</translation>
    </message>
    <message>
        <source>Apply</source>
        <translation>开始</translation>
    </message>
    <message>
        <source>Make the synthetic thin slices of the chosen volume.</source>
        <translation>由所选体数据合成薄层图像。</translation>
    </message>
    <message>
        <source>How far the run is.</source>
        <translation>运行的进度。</translation>
    </message>
    <message>
        <source>What is going on, or what was done last.</source>
        <translation>正在进行的操作，或上一次操作的结果。</translation>
    </message>
    <message>
        <source>Look at the new slices beside the thick ones, where you are looking now.</source>
        <translation>在您当前查看的位置，把新层面与厚层并排对比。</translation>
    </message>
    <message>
        <source>Show the log</source>
        <translation>显示日志</translation>
    </message>
    <message>
        <source>What the background program wrote before it ended.</source>
        <translation>后台程序在结束之前写下的内容。</translation>
    </message>
    <message>
        <source>Show thick, BIS and DLS in linked axial, coronal and sagittal views; press again to return to your own layout. The key C shows thick, BIS and DLS in turn in your own views.</source>
        <translation>在联动的横断面、冠状面和矢状面视图中显示厚层、BIS 和 DLS；再按一次返回您自己的布局。按 C 键可在您自己的视图中依次显示厚层、BIS 和 DLS。</translation>
    </message>
    <message>
        <source>The colours, from no error to one of 200 HU or more.</source>
        <translation>颜色：从无误差到 200 HU 或以上的误差。</translation>
    </message>
    <message>
        <source>Only in</source>
        <translation>仅见于</translation>
    </message>
    <message>
        <source>Make new DICOM series of the latest results, in the study of the input; each says that it is synthetic.</source>
        <translation>把最近的结果作为新的 DICOM 序列加入输入图像所属的检查，每个序列均注明为合成图像。</translation>
    </message>
    <message>
        <source>How far apart the thin slices lie: 1 mm (or what the network makes, where that is within a tenth of it), or a fifth of the thick ones&apos; distance, as the network makes them.</source>
        <translation>薄层图像之间的距离：1 mm（网络的直接输出与之相差不超过十分之一时，保持该输出），或厚层层间距的五分之一（网络的直接输出）。</translation>
    </message>
    <message>
        <source>Slice thickness:</source>
        <translation>层厚：</translation>
    </message>
    <message>
        <source>How thick the thick slices are, if what their source says is wrong.</source>
        <translation>厚层图像的层厚，用于来源所给数值有误时。</translation>
    </message>
    <message>
        <source>How thick the thick slices of this volume are, if what their source says is wrong: the width over which each averages, which is not how far apart they are.</source>
        <translation>该体数据中厚层图像的层厚，用于来源所给数值有误时：即每一层所平均的宽度，而不是层间距。</translation>
    </message>
    <message>
        <source>As the source says</source>
        <translation>按来源所给</translation>
    </message>
    <message>
        <source>The network&apos;s weights. Automatic takes those that suit the device, of those that are here.</source>
        <translation>网络的权重。“自动”在本机已有的权重中使用适合所用设备的那一个。</translation>
    </message>
    <message>
        <source>Copy a weights file (.safetensors), or a checkpoint of the published model (.pkl, .pth), into your own folder.</source>
        <translation>把权重文件（.safetensors）或已发表模型的检查点文件（.pkl、.pth）复制到您自己的文件夹。</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>对比</translation>
    </message>
    <message>
        <source>The chest CT with thick slices (2 to 10 mm, usually 5 mm) whose thin slices are to be made. It is never changed.</source>
        <translation>要由其合成薄层图像的厚层（2 至 10 mm，通常为 5 mm）胸部 CT。它不会被更改。</translation>
    </message>
    <message>
        <source>Show where it may be wrong</source>
        <translation>显示可能有误之处</translation>
    </message>
    <message>
        <source>Also make a volume of how large an error the network expects in each voxel. Not every model can tell.</source>
        <translation>同时生成一个体数据，给出网络在每个体素中预计的误差大小。并非每个模型都能给出。</translation>
    </message>
    <message>
        <source>Why this cannot be told.</source>
        <translation>为何无法给出。</translation>
    </message>
    <message>
        <source>Look at thick, BIS and DLS together.</source>
        <translation>同时查看厚层、BIS 和 DLS 图像。</translation>
    </message>
    <message>
        <source>Compare side by side</source>
        <translation>并排对比</translation>
    </message>
    <message>
        <source>Planes:</source>
        <translation>平面：</translation>
    </message>
    <message>
        <source>Which planes the comparison shows; one alone is larger. Kept for the next time.</source>
        <translation>对比显示哪些平面；单独一个平面会更大。下次仍保留此选择。</translation>
    </message>
    <message>
        <source>Real thin CT:</source>
        <translation>真实薄层 CT：</translation>
    </message>
    <message>
        <source>Real thin slices of the same scan, if you have them: shown as a fourth column.</source>
        <translation>同一次扫描的真实薄层图像（如有）：显示为第四列。</translation>
    </message>
    <message>
        <source>None</source>
        <translation>无</translation>
    </message>
    <message>
        <source>Lung</source>
        <translation>肺窗</translation>
    </message>
    <message>
        <source>Lung window (width 1500, level -600 HU) for all compared volumes.</source>
        <translation>对所有参与对比的体数据使用肺窗（窗宽 1500，窗位 -600 HU）。</translation>
    </message>
    <message>
        <source>Mediastinum</source>
        <translation>纵隔窗</translation>
    </message>
    <message>
        <source>Mediastinum window (width 400, level 40 HU) for all compared volumes.</source>
        <translation>对所有参与对比的体数据使用纵隔窗（窗宽 400，窗位 40 HU）。</translation>
    </message>
    <message>
        <source>Bone</source>
        <translation>骨窗</translation>
    </message>
    <message>
        <source>Bone window (width 1800, level 400 HU) for all compared volumes.</source>
        <translation>对所有参与对比的体数据使用骨窗（窗宽 1800，窗位 400 HU）。</translation>
    </message>
    <message>
        <source>BIS</source>
        <translation>BIS</translation>
    </message>
    <message>
        <source>Fade from BIS to DLS in your own views.</source>
        <translation>在您自己的视图中由 BIS 渐变到 DLS。</translation>
    </message>
    <message>
        <source>Fade from BIS (left) to DLS (right) in your own views.</source>
        <translation>在您自己的视图中由 BIS（左）渐变到 DLS（右）。</translation>
    </message>
    <message>
        <source>DLS</source>
        <translation>DLS</translation>
    </message>
    <message>
        <source>Flicker</source>
        <translation>闪烁对比</translation>
    </message>
    <message>
        <source>Change between BIS and DLS twice a second in your own views; press again to stop.</source>
        <translation>在您自己的视图中每秒两次交替显示 BIS 和 DLS；再按一次停止。</translation>
    </message>
    <message>
        <source>What the network added</source>
        <translation>网络添加的内容</translation>
    </message>
    <message>
        <source>Show DLS minus BIS over DLS in your own views, as a volume of its own: blue where the network made it darker than the interpolation, red where lighter (all blue or red from 200 HU on). Press again to hide it.</source>
        <translation>在您自己的视图中将 DLS 减 BIS 叠加在 DLS 上显示，并生成单独的体数据：蓝色表示网络使其比插值结果更暗，红色表示更亮（达到 200 HU 时为纯蓝或纯红）。再按一次隐藏。</translation>
    </message>
    <message>
        <source>Where it may be wrong</source>
        <translation>可能有误之处</translation>
    </message>
    <message>
        <source>Where the network expects its own thin slices to be wrong.</source>
        <translation>网络预计自己合成的薄层图像有误之处。</translation>
    </message>
    <message>
        <source>Why it is not known where these slices may be wrong.</source>
        <translation>为何不知道这些层面何处可能有误。</translation>
    </message>
    <message>
        <source>Mark it in the DLS views</source>
        <translation>在 DLS 视图中标出</translation>
    </message>
    <message>
        <source>Lay the doubt over DLS in all views that show it; press again to take it away.</source>
        <translation>在所有显示 DLS 的视图中叠加预计误差；再按一次即移除。</translation>
    </message>
    <message>
        <source>Which expected error is marked at least.</source>
        <translation>从多大的预计误差开始标出。</translation>
    </message>
    <message>
        <source>Mark only where an error larger than this is expected.</source>
        <translation>仅标出预计误差大于此值之处。</translation>
    </message>
    <message>
        <source>Opacity:</source>
        <translation>不透明度：</translation>
    </message>
    <message>
        <source>How much the marks cover.</source>
        <translation>标记的遮盖程度。</translation>
    </message>
    <message>
        <source>What the marks mean, and what they do not mean.</source>
        <translation>标记的含义，以及它们不意味着什么。</translation>
    </message>
    <message>
        <source>List the places</source>
        <translation>列出这些位置</translation>
    </message>
    <message>
        <source>Look for places where something of the size of a nodule or a vessel stands in DLS or BIS alone, and the doubt is high.</source>
        <translation>查找仅在 DLS 或仅在 BIS 中出现结节或血管大小的结构、且预计误差较大的位置。</translation>
    </message>
    <message>
        <source>What was found.</source>
        <translation>查找结果。</translation>
    </message>
    <message>
        <source>Choose a place, and all views go there; choose a heading to sort by it. Until then, those come first whose expected error is largest beside their contrast to what lies around them.</source>
        <translation>选择一个位置，所有视图即转到该处；点击列标题可按其排序。未排序时，预计误差与该处对周围的对比度之比越大，位置越靠前。</translation>
    </message>
    <message>
        <source>Whether something stands there in DLS alone, or in BIS alone.</source>
        <translation>该处的结构仅在 DLS 中出现，还是仅在 BIS 中出现。</translation>
    </message>
    <message>
        <source>How large it is.</source>
        <translation>其大小。</translation>
    </message>
    <message>
        <source>HU in the DLS volume.</source>
        <translation>DLS 体数据中的 HU 值。</translation>
    </message>
    <message>
        <source>HU in the BIS volume.</source>
        <translation>BIS 体数据中的 HU 值。</translation>
    </message>
    <message>
        <source>How large an error the network expects there.</source>
        <translation>网络在该处预计的误差大小。</translation>
    </message>
    <message>
        <source>Slice</source>
        <translation>层面</translation>
    </message>
    <message>
        <source>Number of the thin slice, from 1.</source>
        <translation>薄层层面的编号，从 1 开始。</translation>
    </message>
    <message>
        <source>Export to DICOM…</source>
        <translation>导出为 DICOM…</translation>
    </message>
    <message>
        <source>Advanced</source>
        <translation>高级</translation>
    </message>
    <message>
        <source>Choices that rarely need a change.</source>
        <translation>很少需要更改的选项。</translation>
    </message>
    <message>
        <source>Model:</source>
        <translation>模型：</translation>
    </message>
    <message>
        <source>The network&apos;s weights.</source>
        <translation>网络的权重。</translation>
    </message>
    <message>
        <source>Quality:</source>
        <translation>质量：</translation>
    </message>
    <message>
        <source>Best takes the mean of what the model makes of each part of the volume and of its seven mirror images: a little closer to true thin slices, in eight times the time.</source>
        <translation>“最佳”取模型对体数据每一部分及其七个镜像所得结果的平均值：更接近真实薄层少许，用时为八倍。</translation>
    </message>
    <message>
        <source>Device:</source>
        <translation>设备：</translation>
    </message>
    <message>
        <source>Where to compute.</source>
        <translation>在哪里计算。</translation>
    </message>
    <message>
        <source>Where to compute. Automatic takes a GPU if there is one that PyTorch can use.</source>
        <translation>在哪里计算。“自动”在有 PyTorch 可用的 GPU 时使用 GPU。</translation>
    </message>
    <message>
        <source>Precision:</source>
        <translation>精度：</translation>
    </message>
    <message>
        <source>How exactly the network computes.</source>
        <translation>网络计算的精确程度。</translation>
    </message>
    <message>
        <source>How exactly the network computes. Automatic takes the fastest one that the device is made for.</source>
        <translation>网络计算的精确程度。“自动”使用该设备所擅长的最快精度。</translation>
    </message>
    <message>
        <source>Slice spacing:</source>
        <translation>层间距：</translation>
    </message>
    <message>
        <source>How far apart the thin slices lie.</source>
        <translation>薄层图像之间的距离。</translation>
    </message>
    <message>
        <source>Values:</source>
        <translation>数值：</translation>
    </message>
    <message>
        <source>On which scale the values of this volume are stored, if they are not HU.</source>
        <translation>该体数据的数值如果不是 HU，以何种尺度保存。</translation>
    </message>
    <message>
        <source>CPU threads:</source>
        <translation>CPU 线程：</translation>
    </message>
    <message>
        <source>How many threads compute on a CPU. Automatic takes one per core; fewer leave room for other programs.</source>
        <translation>在 CPU 上计算所用的线程数。“自动”为每个核心一个；较少的线程可为其他程序留出余地。</translation>
    </message>
    <message>
        <source>Start at the slice that I look at</source>
        <translation>从正在查看的层面开始</translation>
    </message>
    <message>
        <source>Make the slices around the one that you look at first.</source>
        <translation>先合成您正在查看的层面附近的图像。</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>The networks&apos; weights: which are there, and how to get others.</source>
        <translation>网络的权重：已有哪些，以及如何获取其他权重。</translation>
    </message>
    <message>
        <source>The networks&apos; weights on this computer, and those that can be downloaded.</source>
        <translation>这台计算机上的网络权重，以及可以下载的权重。</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>下载</translation>
    </message>
    <message>
        <source>Download the chosen weights from the internet into your own folder.</source>
        <translation>把所选权重从互联网下载到您自己的文件夹。</translation>
    </message>
    <message>
        <source>Import file…</source>
        <translation>导入文件…</translation>
    </message>
    <message>
        <source>Open folder</source>
        <translation>打开文件夹</translation>
    </message>
    <message>
        <source>Open your own folder of weights.</source>
        <translation>打开存放您自己的权重的文件夹。</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>删除</translation>
    </message>
    <message>
        <source>Remove the chosen weights from your own folder; those that came with the extension stay.</source>
        <translation>从您自己的文件夹中删除所选权重；随扩展安装的权重会保留。</translation>
    </message>
    <message>
        <source>What was done with the models last.</source>
        <translation>上一次对模型所做的操作。</translation>
    </message>
    <message>
        <source>Copy diagnostics</source>
        <translation>复制诊断信息</translation>
    </message>
    <message>
        <source>Copy what a developer needs to know about this computer and the last run to the clipboard. It holds nothing about patients.</source>
        <translation>把开发者需要了解的这台计算机和上一次运行的信息复制到剪贴板。其中不含任何患者信息。</translation>
    </message>
</context>
<context>
    <name>compare.comparison</name>
    <message>
        <source>This Slicer has no views to compare in; start it with its main window.</source>
        <translation>此 Slicer 没有可用于对比的视图；请启动带主窗口的 Slicer。</translation>
    </message>
</context>
<context>
    <name>compare.comparison_layout</name>
    <message>
        <source>Thick</source>
        <translation>厚层</translation>
    </message>
    <message>
        <source>Thin</source>
        <translation>薄层</translation>
    </message>
</context>
<context>
    <name>dicom.dicom_database</name>
    <message>
        <source>The input was not loaded from DICOM, so it has no study to add a series to; load the scan in the DICOM module, then press Apply again.</source>
        <translation>输入图像不是从 DICOM 加载的，因此没有可以加入序列的检查；请在 DICOM 模块中加载该扫描，然后再按一次“开始”。</translation>
    </message>
    <message>
        <source>Slicer&apos;s DICOM database is not open; open the DICOM module, then try again.</source>
        <translation>Slicer 的 DICOM 数据库没有打开；请打开 DICOM 模块，然后重试。</translation>
    </message>
    <message>
        <source>The DICOM files of the input are not there any more; import them in the DICOM module again.</source>
        <translation>输入图像的 DICOM 文件已不存在；请在 DICOM 模块中重新导入。</translation>
    </message>
</context>
<context>
    <name>dicom.dicom_export</name>
    <message>
        <source>Slicer&apos;s DICOM database did not take in the series; check its disk, or export to a folder.</source>
        <translation>Slicer 的 DICOM 数据库未能收入该序列；请检查其磁盘，或导出到文件夹。</translation>
    </message>
    <message>
        <source>This volume is a DICOM series already; send or copy that one.</source>
        <translation>该体数据已经是一个 DICOM 序列；请直接发送或复制该序列。</translation>
    </message>
    <message>
        <source>This volume is unfinished; press Apply to make it again.</source>
        <translation>该体数据尚未完成；请按“开始”重新合成。</translation>
    </message>
    <message>
        <source>The DICOM files of the input cannot be read or copied ({reason}); check the disks.</source>
        <translation>无法读取或复制输入图像的 DICOM 文件（{reason}）；请检查磁盘。</translation>
    </message>
</context>
<context>
    <name>dicom.export_dialog</name>
    <message>
        <source>BIS is interpolated, without a network. Tick this to compare DLS with it where the series are read later.</source>
        <translation>BIS 由插值得到，不使用网络。如需在日后阅片时与 DLS 对比，请勾选此项。</translation>
    </message>
    <message>
        <source>Smaller files with the same values. Some older programs cannot read them.</source>
        <translation>文件更小，数值不变。某些较旧的程序无法读取。</translation>
    </message>
    <message>
        <source>Without names, dates and numbers, as a new study of a new patient. The pixels stay as they are.</source>
        <translation>去除姓名、日期和编号，并归入新的检查和新的患者。像素保持不变。</translation>
    </message>
    <message>
        <source>Folder for the DICOM series</source>
        <translation>DICOM 序列的文件夹</translation>
    </message>
    <message>
        <source>Export to DICOM</source>
        <translation>导出为 DICOM</translation>
    </message>
    <message>
        <source>Leave out the patient&apos;s identity</source>
        <translation>去除患者身份信息</translation>
    </message>
    <message>
        <source>Add to Slicer&apos;s DICOM database</source>
        <translation>加入 Slicer 的 DICOM 数据库</translation>
    </message>
    <message>
        <source>Makes a new CT series of the latest DLS volume. It joins the study of the input and says that it is synthetic.</source>
        <translation>把最近的 DLS 体数据制成新的 CT 序列。该序列加入输入图像所属的检查，并注明为合成图像。</translation>
    </message>
    <message>
        <source>Save in a new folder, at a place that I choose next</source>
        <translation>保存到新文件夹中，其位置在下一步选择</translation>
    </message>
    <message>
        <source>Also the BIS volume (bicubic interpolation)</source>
        <translation>同时导出 BIS 体数据（双三次插值）</translation>
    </message>
    <message>
        <source>Compress without loss (RLE)</source>
        <translation>无损压缩（RLE）</translation>
    </message>
</context>
<context>
    <name>panel.advanced_section</name>
    <message>
        <source>Automatic</source>
        <translation>自动</translation>
    </message>
    <message>
        <source>{name} ({memory:.0f} GB)</source>
        <translation>{name}（{memory:.0f} GB）</translation>
    </message>
    <message>
        <source>{choice} (about {time})</source>
        <translation>{choice}（约 {time}）</translation>
    </message>
    <message>
        <source>Standard</source>
        <translation>标准</translation>
    </message>
    <message>
        <source>Best (8 times as long)</source>
        <translation>最佳（用时 8 倍）</translation>
    </message>
    <message>
        <source>32 bit (slowest)</source>
        <translation>32 位（最慢）</translation>
    </message>
    <message>
        <source>16 bit (bfloat16)</source>
        <translation>16 位（bfloat16）</translation>
    </message>
    <message>
        <source>16 bit (float16)</source>
        <translation>16 位（float16）</translation>
    </message>
    <message>
        <source>1 mm (recommended)</source>
        <translation>1 mm（推荐）</translation>
    </message>
    <message>
        <source>A fifth of the thick slices&apos; distance</source>
        <translation>厚层层间距的五分之一</translation>
    </message>
    <message>
        <source>Exactly {name} mm</source>
        <translation>正好 {name} mm</translation>
    </message>
    <message>
        <source>Automatic (looking for GPUs…)</source>
        <translation>自动（正在查找 GPU…）</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>Best</source>
        <translation>最佳</translation>
    </message>
    <message>
        <source>{name} (not found)</source>
        <translation>{name}（未找到）</translation>
    </message>
</context>
<context>
    <name>panel.compare_section</name>
    <message>
        <source>{link}, or press {key} to see thick, BIS and DLS in turn.</source>
        <translation>{link}，或按 {key} 键依次查看厚层、BIS 和 DLS。</translation>
    </message>
    <message>
        <source>Axial only</source>
        <translation>仅横断面</translation>
    </message>
    <message>
        <source>Coronal only</source>
        <translation>仅冠状面</translation>
    </message>
    <message>
        <source>Sagittal only</source>
        <translation>仅矢状面</translation>
    </message>
    <message>
        <source>Three planes</source>
        <translation>三个平面</translation>
    </message>
</context>
<context>
    <name>panel.dialogs</name>
    <message>
        <source>Weights file</source>
        <translation>权重文件</translation>
    </message>
    <message>
        <source>Weights (*.safetensors *.pkl *.pth *.pt)</source>
        <translation>权重 (*.safetensors *.pkl *.pth *.pt)</translation>
    </message>
    <message>
        <source>Log of the background program</source>
        <translation>后台程序的日志</translation>
    </message>
</context>
<context>
    <name>panel.doubt_section</name>
    <message>
        <source>Nothing was told of where these thin slices may be wrong; check “{choice}” and press Apply.</source>
        <translation>未给出这些薄层图像何处可能有误；请勾选“{choice}”并按“开始”。</translation>
    </message>
    <message>
        <source>Amber marks where the network expects to be wrong by more than {hu} HU; the brightest, by {most} HU or more. What is not marked is not proven: low doubt is no proof.</source>
        <translation>琥珀色标出网络预计误差超过 {hu} HU 之处；最亮处为 {most} HU 或以上。未标出之处并未得到证实：预计误差小并不能证明正确。</translation>
    </message>
    <message>
        <source>The model {name}, which made these thin slices, cannot tell where they may be wrong.</source>
        <translation>合成这些薄层图像的模型 {name} 无法给出何处可能有误。</translation>
    </message>
    <message>
        <source>The list needs BIS to compare with; check the BIS volume and press Apply.</source>
        <translation>列表需要与 BIS 比较；请勾选 BIS 体数据并按“开始”。</translation>
    </message>
    <message>
        <source>Show where the error may exceed {hu} HU</source>
        <translation>显示误差可能超过 {hu} HU 之处</translation>
    </message>
    <message>
        <source>No place was found. That is no proof that there is none.</source>
        <translation>未找到任何位置。这并不能证明没有。</translation>
    </message>
    <message>
        <source>There are no thin slices yet; check “{choice}” and press Apply.</source>
        <translation>尚无薄层图像；请勾选“{choice}”并按“开始”。</translation>
    </message>
    <message>
        <source>{count} places: choose one, and all views go there. There may be others.</source>
        <translation>{count} 个位置：选择一个，所有视图即转到该处。可能还有其他位置。</translation>
    </message>
    <message>
        <source>One place: choose it, and all views go there. There may be others.</source>
        <translation>1 个位置：选择它，所有视图即转到该处。可能还有其他位置。</translation>
    </message>
</context>
<context>
    <name>panel.export_section</name>
    <message>
        <source>Make new DICOM series of the latest results, in the study of the input; each says that it is synthetic.</source>
        <translation>把最近的结果作为新的 DICOM 序列加入输入图像所属的检查，每个序列均注明为合成图像。</translation>
    </message>
    <message>
        <source>Choose the volume whose results are to be exported, or a result.</source>
        <translation>请选择要导出其结果的体数据，或直接选择一个结果。</translation>
    </message>
    <message>
        <source>A run or an export is going on; wait for its end or cancel it.</source>
        <translation>有运行或导出正在进行；请等待其结束，或将其取消。</translation>
    </message>
    <message>
        <source>There is no result yet; press Apply first.</source>
        <translation>还没有结果；请先按“开始”。</translation>
    </message>
</context>
<context>
    <name>panel.input_section</name>
    <message>
        <source>Choose the chest CT with thick slices.</source>
        <translation>请选择厚层胸部 CT。</translation>
    </message>
    <message>
        <source>HU, if they can be</source>
        <translation>HU（如果可能）</translation>
    </message>
    <message>
        <source>HU, whatever they look like</source>
        <translation>HU（无论看起来如何）</translation>
    </message>
    <message>
        <source>0 to 1 for -1024 to 2048 HU</source>
        <translation>0 至 1 表示 -1024 至 2048 HU</translation>
    </message>
    <message>
        <source>HU with 1024 added</source>
        <translation>HU 加 1024</translation>
    </message>
    <message>
        <source>This volume is synthetic; choose the original CT.</source>
        <translation>该体数据是合成的；请选择原始 CT。</translation>
    </message>
    <message>
        <source>Looking through all its values; Apply is offered when that is done…</source>
        <translation>正在检查全部体素值；完成后即可按“开始”…</translation>
    </message>
</context>
<context>
    <name>panel.models_section</name>
    <message>
        <source>Looking for devices that can compute…</source>
        <translation>正在查找可用的计算设备…</translation>
    </message>
    <message>
        <source>Looking for models on this computer…</source>
        <translation>正在查找本机上的模型…</translation>
    </message>
    <message>
        <source>Some of what this needs is not installed yet; choose a volume and press Apply to install it.</source>
        <translation>尚未安装所需的组件；请选择体数据并按“开始”进行安装。</translation>
    </message>
    <message>
        <source>Downloading {name}…</source>
        <translation>正在下载 {name}…</translation>
    </message>
    <message>
        <source>Downloaded.</source>
        <translation>已下载。</translation>
    </message>
    <message>
        <source>Downloading: {percent} %</source>
        <translation>正在下载：{percent} %</translation>
    </message>
    <message>
        <source>Imported.</source>
        <translation>已导入。</translation>
    </message>
    <message>
        <source>Remove the weights {name} from your own folder?</source>
        <translation>从您自己的文件夹中删除权重 {name} 吗？</translation>
    </message>
    <message>
        <source>Removed.</source>
        <translation>已删除。</translation>
    </message>
</context>
<context>
    <name>panel.panel</name>
    <message>
        <source>Cancelling…</source>
        <translation>正在取消…</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Apply</source>
        <translation>开始</translation>
    </message>
    <message>
        <source>Cancelling when the current step of the installation has ended…</source>
        <translation>当前安装步骤结束后即取消…</translation>
    </message>
</context>
<context>
    <name>panel.status_texts</name>
    <message>
        <source>Interpolating (BIS)</source>
        <translation>正在插值（BIS）</translation>
    </message>
    <message>
        <source>Making thin slices (DLS)</source>
        <translation>正在合成薄层图像（DLS）</translation>
    </message>
    <message>
        <source>Saving</source>
        <translation>正在保存</translation>
    </message>
    <message>
        <source>Showing the result</source>
        <translation>正在显示结果</translation>
    </message>
    <message>
        <source>Writing DICOM series</source>
        <translation>正在写入 DICOM 序列</translation>
    </message>
    <message>
        <source>Adding the series to Slicer&apos;s DICOM database</source>
        <translation>正在将序列加入 Slicer 的 DICOM 数据库</translation>
    </message>
    <message>
        <source>Computed with {model} on {device} ({precision}).</source>
        <translation>使用 {model} 在 {device} 上计算（{precision}）。</translation>
    </message>
    <message>
        <source>Starting the background program</source>
        <translation>正在启动后台程序</translation>
    </message>
    <message>
        <source>Checking the volume</source>
        <translation>正在检查体数据</translation>
    </message>
    <message>
        <source>Loading the model</source>
        <translation>正在加载模型</translation>
    </message>
    <message>
        <source>Looking for places to doubt</source>
        <translation>正在查找存疑位置</translation>
    </message>
    <message>
        <source>Done in {time}. The thin slices are in the volume “{dls}”. They are synthetic, for research only.</source>
        <translation>已完成，用时 {time}。薄层图像在体数据“{dls}”中。它们是合成图像，仅供研究。</translation>
    </message>
    <message>
        <source>Done in {time}. The thin slices are in the volume “{dls}”, and interpolated ones, to compare with, in “{bis}”. They are synthetic, for research only.</source>
        <translation>已完成，用时 {time}。薄层图像在体数据“{dls}”中，供对比的插值图像在“{bis}”中。它们是合成图像，仅供研究。</translation>
    </message>
    <message>
        <source>Done. Slicer&apos;s DICOM database holds new series ({kinds}); each says that it is synthetic.</source>
        <translation>已完成。新的序列（{kinds}）已加入 Slicer 的 DICOM 数据库，均注明为合成图像。</translation>
    </message>
    <message>
        <source>Done. The folder {folder} holds new DICOM series ({kinds}); each says that it is synthetic.</source>
        <translation>已完成。新的 DICOM 序列（{kinds}）已保存到文件夹 {folder}，均注明为合成图像。</translation>
    </message>
    <message>
        <source>The export was cancelled; nothing was kept.</source>
        <translation>导出已取消；未保留任何内容。</translation>
    </message>
    <message>
        <source>The memory does not suffice; close other programs, choose the CPU under Advanced, or crop the volume.</source>
        <translation>内存不足；请关闭其他程序，在“高级”中选择 CPU，或裁剪体数据。</translation>
    </message>
    <message>
        <source>The chosen device cannot be used; choose Automatic under Advanced.</source>
        <translation>所选设备无法使用；请在“高级”中选择“自动”。</translation>
    </message>
    <message>
        <source>The chosen model is not here; choose another under Advanced, or get it under Models.</source>
        <translation>所选模型不在这台计算机上；请在“高级”中选择另一个，或在“模型”中获取。</translation>
    </message>
    <message>
        <source>The model cannot tell where it may be wrong; choose another under Advanced, or go without that.</source>
        <translation>该模型无法给出何处可能有误；请在“高级”中选择其他模型，或不使用此功能。</translation>
    </message>
    <message>
        <source>The temporary files could not be written; free some disk space, then press Apply again.</source>
        <translation>无法写入临时文件；请腾出磁盘空间，然后再按一次“开始”。</translation>
    </message>
    <message>
        <source>The folder for temporary files is gone; restart Slicer, then press Apply again.</source>
        <translation>临时文件夹已不存在；请重启 Slicer，然后再按一次“开始”。</translation>
    </message>
    <message>
        <source>Something unexpected went wrong; look at the log, and report it with the diagnostics.</source>
        <translation>发生意外错误；请查看日志，并连同诊断信息一起报告。</translation>
    </message>
    <message>
        <source>Step {step} of {steps}: {text}</source>
        <translation>第 {step} 步（共 {steps} 步）：{text}</translation>
    </message>
    <message>
        <source>{stage}: {percent} %, about {time} left</source>
        <translation>{stage}：{percent} %，约剩 {time}</translation>
    </message>
    <message>
        <source>{count} h</source>
        <translation>{count} 小时</translation>
    </message>
    <message>
        <source>Where they may be wrong is shown below, when you ask for it.</source>
        <translation>如有需要，可在下方显示何处可能有误。</translation>
    </message>
    <message>
        <source>The search for places was cancelled.</source>
        <translation>已取消查找。</translation>
    </message>
    <message>
        <source>The run was cancelled; nothing was kept.</source>
        <translation>运行已取消；未保留任何内容。</translation>
    </message>
    <message>
        <source>{stage}; how long it takes is known after the first part…</source>
        <translation>{stage}；完成第一部分后即可知道所需时间…</translation>
    </message>
    <message>
        <source>{stage}: {percent} %</source>
        <translation>{stage}：{percent} %</translation>
    </message>
    <message>
        <source>{count} s</source>
        <translation>{count} 秒</translation>
    </message>
    <message>
        <source>{count} min</source>
        <translation>{count} 分钟</translation>
    </message>
</context>
<context>
    <name>qSlicerAbstractCoreModule</name>
    <message>
        <source>Image Synthesis</source>
        <translation>图像合成</translation>
    </message>
</context>
<context>
    <name>run.doubt_search</name>
    <message>
        <source>A volume that was searched was removed, so the search was ended.</source>
        <translation>正在查找的体数据已被移除，因此查找已结束。</translation>
    </message>
</context>
<context>
    <name>run.run</name>
    <message>
        <source>The result could not be read from the temporary folder ({reason}); press Apply again.</source>
        <translation>无法从临时文件夹读取结果（{reason}）；请再按一次“开始”。</translation>
    </message>
    <message>
        <source>The input was removed, so the run was ended; choose another input.</source>
        <translation>输入图像已被移除，运行因此结束；请选择另一个输入图像。</translation>
    </message>
    <message>
        <source>A result was removed, so the run was ended; press Apply to make it again.</source>
        <translation>结果已被移除，运行因此结束；请按“开始”重新合成。</translation>
    </message>
</context>
<context>
    <name>run.session</name>
    <message>
        <source>The scene was closed, so the run was ended.</source>
        <translation>场景已关闭，运行因此结束。</translation>
    </message>
    <message>
        <source>A run is going on already; wait for its end or cancel it.</source>
        <translation>已有一次运行正在进行；请等待其结束，或将其取消。</translation>
    </message>
    <message>
        <source>The run was cancelled.</source>
        <translation>运行已取消。</translation>
    </message>
</context>
<context>
    <name>scene.engine_sentences</name>
    <message>
        <source>The volume has fewer than 2 slices; give the whole series.</source>
        <translation>该体数据少于 2 层；请提供整个序列。</translation>
    </message>
    <message>
        <source>The series is {modality}, not CT; choose a CT series.</source>
        <translation>该序列是 {modality}，不是 CT；请选择 CT 序列。</translation>
    </message>
    <message>
        <source>The series does not say whether it is CT (it has no modality); choose a CT series, or export it again.</source>
        <translation>该序列没有说明是否为 CT（没有模态）；请选择 CT 序列，或重新导出。</translation>
    </message>
    <message>
        <source>The series is synthetic, so no scanner measured what it shows; choose the series that it is made of.</source>
        <translation>该序列是合成的，其内容并非扫描仪实测；请选择生成它所用的原始序列。</translation>
    </message>
    <message>
        <source>The slices are sheared by {degrees} degrees (a tilted gantry, for example); resample the volume to right angles first.</source>
        <translation>层面错切了 {degrees} 度（例如机架倾斜）；请先将体数据重采样为直角网格。</translation>
    </message>
    <message>
        <source>The slices are not axial (they are stacked {degrees} degrees off the head-foot axis), but the network is made for axial ones; use the axial series if there is one.</source>
        <translation>层面不是横断面（堆叠方向偏离头足轴 {degrees} 度），而网络是为横断面设计的；如有横断面序列，请使用它。</translation>
    </message>
    <message>
        <source>Slices are missing at {positions} mm; export the whole series again.</source>
        <translation>{positions} mm 处缺少层面；请重新导出整个序列。</translation>
    </message>
    <message>
        <source>More than one slice lies at {positions} mm; choose a series with one slice at each position.</source>
        <translation>{positions} mm 处有不止一层；请选择每个位置只有一层的序列。</translation>
    </message>
    <message>
        <source>The slices are not evenly spaced: the step after {positions} mm is not the usual {step} mm, as when two series are mixed; choose an evenly spaced series.</source>
        <translation>层间距不均匀：{positions} mm 之后的间距不是通常的 {step} mm，例如混入了两个序列；请选择间距均匀的序列。</translation>
    </message>
    <message>
        <source>The steps between the slices drift, so slices lie up to {most} mm off the even grid of the result; do not measure across slices there, or choose an evenly spaced series.</source>
        <translation>层间距逐渐变化，因此层面偏离结果的均匀网格最多 {most} mm；请勿在该处跨层测量，或选择层间距均匀的序列。</translation>
    </message>
    <message>
        <source>The slices have only {columns} by {rows} pixels, in which no chest can be seen; give the whole volume.</source>
        <translation>每层只有 {columns}×{rows} 个像素，看不出胸部；请给出完整的体数据。</translation>
    </message>
    <message>
        <source>All voxels have the same value ({value}), so nothing is in the picture; export the volume again.</source>
        <translation>所有体素的值相同（{value}），图像中没有内容；请重新导出该体数据。</translation>
    </message>
    <message>
        <source>The values lie between {low} and {high}, which cannot be the Hounsfield units of a chest (air near -1000); give a CT in HU, not MR, a mask or a picture of other grey values.</source>
        <translation>数值在 {low} 与 {high} 之间，不可能是胸部的 HU（空气约为 -1000）；请给出以 HU 保存的 CT，而不是 MR、掩膜或其他灰度图像。</translation>
    </message>
    <message>
        <source>The values lie between {low} and {high}, which cannot be the Hounsfield units of a chest; they look like 0 to 1 for -1024 to 2048 HU: if they are that, give --values unit.</source>
        <translation>数值在 {low} 与 {high} 之间，不可能是胸部的 HU；看起来是以 0 至 1 表示 -1024 至 2048 HU：如果是，请给出 --values unit。</translation>
    </message>
    <message>
        <source>The values lie between {low} and {high}, which cannot be the Hounsfield units of a chest; they look like HU with 1024 added: if they are that, give --values offset.</source>
        <translation>数值在 {low} 与 {high} 之间，不可能是胸部的 HU；看起来是 HU 加 1024：如果是，请给出 --values offset。</translation>
    </message>
    <message>
        <source>The values lie between {low} and {high}, so they are not on the scale from 0 to 1; leave out --values unit.</source>
        <translation>数值在 {low} 与 {high} 之间，因此不是 0 至 1 的尺度；请去掉 --values unit。</translation>
    </message>
    <message>
        <source>The values lie between {low} and {high}, so 1024 was not added to them; leave out --values offset.</source>
        <translation>数值在 {low} 与 {high} 之间，因此并未加上 1024；请去掉 --values offset。</translation>
    </message>
    <message>
        <source>The values do not look like the Hounsfield units of a chest (air near -1000, soft tissue near 0); make sure that rescale slope and intercept are right and were applied.</source>
        <translation>数值不像胸部的 HU 值（空气约 -1000，软组织约 0）；请确认重缩放的斜率和截距正确且已应用。</translation>
    </message>
    <message>
        <source>{slices} of the slices (number {number} in order of place, for example) differ from their neighbours by more than {difference} HU on average, as with a wrong rescale slope or intercept; look at them and export the series again.</source>
        <translation>有 {slices} 层（例如按位置排列的第 {number} 层）与相邻层平均相差超过 {difference} HU，可能是重缩放的斜率或截距有误；请查看这些层面并重新导出该序列。</translation>
    </message>
    <message>
        <source>A run needs about {needed} GB of memory, but only {available} GB are free; close other programs or crop the volume to the chest.</source>
        <translation>运行约需 {needed} GB 内存，但只有 {available} GB 可用；请关闭其他程序，或将体数据裁剪到胸部。</translation>
    </message>
    <message>
        <source>The {whose}&apos;s memory does not suffice for {failed}; going on with {onward}.</source>
        <translation>{whose}内存不足以处理{failed}；改用{onward}继续。</translation>
    </message>
    <message>
        <source>{positions} and {more} more</source>
        <translation>{positions} 及另外 {more} 处</translation>
    </message>
    <message>
        <source>computer</source>
        <translation>计算机</translation>
    </message>
    <message>
        <source>one cube</source>
        <translation>一个立方块</translation>
    </message>
    <message>
        <source>{count} cubes at a time</source>
        <translation>每次 {count} 个立方块</translation>
    </message>
    <message>
        <source>one</source>
        <translation>一个</translation>
    </message>
    <message>
        <source>the CPU, which takes longer</source>
        <translation>CPU（耗时更长）</translation>
    </message>
    <message>
        <source>The origin, the spacing or the directions of the volume are no numbers of a place in a patient; copy or export it again, or correct its header.</source>
        <translation>该体数据的原点、间距或方向不是患者空间中的有效数值；请重新复制或导出，或更正其文件头。</translation>
    </message>
    <message>
        <source>The gantry was tilted by {degrees} degrees; the slices are moved within their planes onto an upright grid, so the result has other edges than the input.</source>
        <translation>机架倾斜了 {degrees} 度；各层在其平面内平移到直立网格上，因此结果的边缘与输入不同。</translation>
    </message>
    <message>
        <source>The slices are only {spacing} mm apart, so they are thin already; use this volume as it is, or make thinner ones all the same (synthesize --force).</source>
        <translation>层间距仅为 {spacing} mm，已是薄层；请直接使用该体数据，或仍要生成更薄的图像（synthesize --force）。</translation>
    </message>
    <message>
        <source>The slices are only {spacing} mm apart, so they are thin already; compare the result with this volume itself.</source>
        <translation>层间距仅为 {spacing} mm，已是薄层；请将结果与该体数据本身比较。</translation>
    </message>
    <message>
        <source>The slices are {spacing} mm apart, but the network is made for 2 to 10 mm; look at the result with care.</source>
        <translation>层间距为 {spacing} mm，而网络是为 2 至 10 mm 设计的；请谨慎查看结果。</translation>
    </message>
    <message>
        <source>The file does not say how thick its slices are, so they are taken to be as thick as they are apart, {spacing} mm; if not, give --slab-mm.</source>
        <translation>文件未注明层厚，因此按与层间距相同处理，即 {spacing} mm；如果并非如此，请用 --slab-mm 给出。</translation>
    </message>
    <message>
        <source>The slices are said to be {thickness} mm thick but are {spacing} mm apart, so they are taken to be {taken} mm thick; if the first number is wrong, give the true thickness (--slab-mm).</source>
        <translation>标注的层厚为 {thickness} mm，而层间距为 {spacing} mm，因此层厚按 {taken} mm 处理；如果前一个数值有误，请给出真实层厚（--slab-mm）。</translation>
    </message>
    <message>
        <source>The slices are said to be {thickness} mm thick but are {spacing} mm apart, so what lies between them was never scanned; do not rely on details there.</source>
        <translation>标注的层厚为 {thickness} mm，而层间距为 {spacing} mm，因此层与层之间的部分从未被扫描；请勿依赖该处的细节。</translation>
    </message>
    <message>
        <source>The model {model} was trained for slices {least} to {most} mm apart and {thinnest} to {thickest} times as thick, but these are {thickness} mm thick every {spacing} mm; look at the result with care, or choose another model.</source>
        <translation>模型 {model} 是针对层间距 {least} 至 {most} mm、层厚为其 {thinnest} 至 {thickest} 倍的图像训练的，而这些图像层厚 {thickness} mm、层间距 {spacing} mm；请谨慎查看结果，或选择其他模型。</translation>
    </message>
    <message>
        <source>No HU (NaN, infinity, or a number beyond 32767) stands in {voxels} of the voxels within the body; export the volume again, in HU.</source>
        <translation>体内有 {voxels} 个体素不是 HU 值（NaN、无穷大或超出 32767 的数值）；请以 HU 重新导出该体数据。</translation>
    </message>
    <message>
        <source>No HU (NaN, infinity, or a number beyond 32767) stands in {voxels} of the voxels around the body; they are taken for air ({air} HU).</source>
        <translation>身体周围有 {voxels} 个体素不是 HU 值（NaN、无穷大或超出 32767 的数值）；它们按空气（{air} HU）处理。</translation>
    </message>
    <message>
        <source>{voxels} of the voxels within the body lie below {low} HU, as bone or metal does whose HU did not fit into 16 bits; export the volume again, or look at the result there with care.</source>
        <translation>体内有 {voxels} 个体素低于 {low} HU，骨或金属的 HU 超出 16 位范围时会出现这种情况；请重新导出该体数据，或仔细查看结果中的该处。</translation>
    </message>
    <message>
        <source>Hardly any lung is in the picture, so it may be no chest, but the network is made for chests; look at the result with care.</source>
        <translation>图像中几乎没有肺，可能不是胸部，而网络是为胸部设计的；请谨慎查看结果。</translation>
    </message>
</context>
<context>
    <name>scene.input_facts</name>
    <message>
        <source>The values lie between {low} and {high}, which cannot be the Hounsfield units of a chest (air near -1000); choose a CT in HU, not MR, a mask or a picture of other grey values.</source>
        <translation>数值在 {low} 与 {high} 之间，不可能是胸部的 HU（空气约为 -1000）；请选择以 HU 保存的 CT，而不是 MR、掩膜或其他灰度图像。</translation>
    </message>
    <message>
        <source>{count} slices every {spacing} mm · {columns}×{rows} · {kind}</source>
        <translation>{count} 层，层间距 {spacing} mm · {columns}×{rows} · {kind}</translation>
    </message>
    <message>
        <source>{count} slices, {thickness} mm thick, every {spacing} mm · {columns}×{rows} · {kind}</source>
        <translation>{count} 层，层厚 {thickness} mm，层间距 {spacing} mm · {columns}×{rows} · {kind}</translation>
    </message>
    <message>
        <source>The gantry was tilted by {degrees} degrees, which this panel cannot correct; make the thin slices from the DICOM files on the command line (thinslicesr synthesize), which moves them upright, and load the result.</source>
        <translation>机架倾斜了 {degrees} 度，本面板无法校正；请在命令行（thinslicesr synthesize）由 DICOM 文件生成薄层，该程序会将层面移正，然后载入结果。</translation>
    </message>
    <message>
        <source>The volume is under a warping transform (Slicer adds one to uneven slices), which the synthesis does not see; look at the result with care.</source>
        <translation>该体数据处于形变变换之下（层间距不均匀时 Slicer 会自动添加），而合成时不考虑这一变换；请谨慎解读结果。</translation>
    </message>
    <message>
        <source>sagittal</source>
        <translation>矢状面</translation>
    </message>
    <message>
        <source>coronal</source>
        <translation>冠状面</translation>
    </message>
    <message>
        <source>axial</source>
        <translation>横断面</translation>
    </message>
    <message>
        <source>oblique</source>
        <translation>斜面</translation>
    </message>
    <message>
        <source>The slices are only {spacing} mm apart, so they are thin already; use this volume as it is.</source>
        <translation>层间距仅为 {spacing} mm，已是薄层图像；请直接使用该体数据。</translation>
    </message>
    <message>
        <source>Nothing says how thick the slices are, so they are taken to be as thick as they are apart, {spacing} mm; if they are not, give their thickness under Advanced.</source>
        <translation>层厚未知，因此按与层间距相同处理，即 {spacing} mm；如果并非如此，请在“高级”中给出层厚。</translation>
    </message>
    <message>
        <source>The slices are said to be {thickness} mm thick but are {spacing} mm apart, so they are taken to be {taken} mm thick; if the first number is wrong, give the true thickness under Advanced.</source>
        <translation>所给层厚为 {thickness} mm，而层间距为 {spacing} mm，因此按层厚 {taken} mm 处理；如果第一个数值有误，请在“高级”中给出真实层厚。</translation>
    </message>
    <message>
        <source>The JSON file beside the volume cannot be understood, so what it says of slice thickness or modality is not used; convert the series again, or give the thickness under Advanced.</source>
        <translation>体数据旁的 JSON 文件无法理解，因此未使用其中的层厚或成像模态；请重新转换该序列，或在“高级”中给出层厚。</translation>
    </message>
    <message>
        <source>The values lie between {low} and {high}, which cannot be the Hounsfield units of a chest; they look like 0 to 1 for -1024 to 2048 HU: if they are that, say so under Advanced (Values).</source>
        <translation>数值在 {low} 与 {high} 之间，不可能是胸部的 HU；看起来是以 0 至 1 表示 -1024 至 2048 HU：如果是，请在“高级”（数值）中说明。</translation>
    </message>
    <message>
        <source>The values lie between {low} and {high}, which cannot be the Hounsfield units of a chest; they look like HU with 1024 added: if they are that, say so under Advanced (Values).</source>
        <translation>数值在 {low} 与 {high} 之间，不可能是胸部的 HU；看起来是 HU 加 1024：如果是，请在“高级”（数值）中说明。</translation>
    </message>
</context>
<context>
    <name>scene.result_nodes</name>
    <message>
        <source>A result cannot replace its own input; choose another output volume, or none to make one.</source>
        <translation>结果不能替换其自身的输入图像；请选择另一个输出体数据，或不选择而新建一个。</translation>
    </message>
    <message>
        <source>DLS and BIS cannot share one output volume; choose another one, or none to make it.</source>
        <translation>DLS 和 BIS 不能共用一个输出体数据；请选择另一个，或不选择而新建一个。</translation>
    </message>
    <message>
        <source>The chosen output volume holds other data, which would be lost; choose none to make it.</source>
        <translation>所选输出体数据中有其他数据，这些数据将会丢失；请不选择而新建一个。</translation>
    </message>
</context>
<context>
    <name>scene.volume_nodes</name>
    <message>
        <source>The run&apos;s temporary files need {needed} GB, but only {free} GB are free; free some disk space.</source>
        <translation>本次运行的临时文件需要 {needed} GB，但只有 {free} GB 可用；请腾出磁盘空间。</translation>
    </message>
    <message>
        <source>Each voxel has more than one value (a colour image, for example); choose a CT with one.</source>
        <translation>每个体素有多个值（例如彩色图像）；请选择每个体素只有一个值的 CT。</translation>
    </message>
    <message>
        <source>The folder for the run&apos;s temporary files is gone; restart Slicer.</source>
        <translation>本次运行的临时文件夹已不存在；请重启 Slicer。</translation>
    </message>
    <message>
        <source>The run&apos;s temporary files could not be written; check the disk&apos;s space and permissions.</source>
        <translation>无法写入本次运行的临时文件；请检查磁盘空间和权限。</translation>
    </message>
    <message>
        <source>No volume is chosen; choose the chest CT with thick slices.</source>
        <translation>尚未选择体数据；请选择厚层胸部 CT。</translation>
    </message>
    <message>
        <source>This volume holds no image; choose another one.</source>
        <translation>该体数据中没有图像；请选择另一个。</translation>
    </message>
    <message>
        <source>This is a label map, not CT; choose the CT itself.</source>
        <translation>这是标签图，不是 CT；请选择 CT 本身。</translation>
    </message>
    <message>
        <source>This is a single picture; choose a volume of at least 2 slices.</source>
        <translation>这是单幅图像；请选择至少有 2 层的体数据。</translation>
    </message>
</context>
<context>
    <name>setup.diagnostics_button</name>
    <message>
        <source>The diagnostics are on the clipboard; paste them into your report.</source>
        <translation>诊断信息已复制到剪贴板；请将其粘贴到您的报告中。</translation>
    </message>
    <message>
        <source>Asking the background program about this computer…</source>
        <translation>正在向后台程序查询本机信息…</translation>
    </message>
</context>
<context>
    <name>setup.installation</name>
    <message>
        <source>The PyTorch extension is installed; restart Slicer, then install PyTorch here in the same way.</source>
        <translation>PyTorch 扩展已安装；请重启 Slicer，然后在此以同样的方式安装 PyTorch。</translation>
    </message>
    <message>
        <source>Restart Slicer now? What is not saved is lost; choose Cancel to save it first.</source>
        <translation>现在重启 Slicer 吗？未保存的内容将丢失；如需先保存，请选择“取消”。</translation>
    </message>
    <message>
        <source>PyTorch 2.2 or later: a download of about 200 MB (0.9 GB on the disk), or of up to about 3 GB (more on the disk) where it can use an NVIDIA GPU. Slicer does not respond for some minutes while it is installed, and that cannot be cancelled.</source>
        <translation>PyTorch 2.2 或更高版本：下载约 200 MB（占用磁盘 0.9 GB）；如可使用 NVIDIA GPU，则下载最多约 3 GB（占用磁盘更多）。安装期间 Slicer 有几分钟没有响应，且无法取消。</translation>
    </message>
    <message>
        <source>{what} could not be installed because the disk is full; make room, then try again.</source>
        <translation>磁盘已满，无法安装 {what}；请腾出空间，然后重试。</translation>
    </message>
    <message>
        <source>Installing PyTorch; Slicer does not respond for some minutes…</source>
        <translation>正在安装 PyTorch；Slicer 有几分钟没有响应…</translation>
    </message>
    <message>
        <source>Installing the PyTorch extension…</source>
        <translation>正在安装 PyTorch 扩展…</translation>
    </message>
    <message>
        <source>The PyTorch extension could not be installed; check the internet connection, then install it in Slicer&apos;s Extensions Manager.</source>
        <translation>无法安装 PyTorch 扩展；请检查互联网连接，然后在 Slicer 的扩展管理器中安装。</translation>
    </message>
    <message>
        <source>{what} was installed, but is not found; restart Slicer, then try again.</source>
        <translation>{what} 已安装，但未找到；请重启 Slicer，然后重试。</translation>
    </message>
    <message>
        <source>PyTorch {version}, which is installed, is too old and will be replaced.</source>
        <translation>已安装的 PyTorch {version} 版本过旧，将被替换。</translation>
    </message>
    <message>
        <source>To make thin slices, ThinSliceSR needs what Slicer does not bring:</source>
        <translation>要合成薄层图像，ThinSliceSR 需要以下 Slicer 未自带的组件：</translation>
    </message>
    <message>
        <source>Install it now?</source>
        <translation>现在安装吗？</translation>
    </message>
    <message>
        <source>{what} could not be downloaded; check the internet connection and whether the network lets pypi.org, files.pythonhosted.org and download.pytorch.org through, then try again.</source>
        <translation>无法下载 {what}；请检查互联网连接，以及网络是否允许访问 pypi.org、files.pythonhosted.org 和 download.pytorch.org，然后重试。</translation>
    </message>
    <message>
        <source>Everything that is needed is installed.</source>
        <translation>所需组件均已安装。</translation>
    </message>
    <message>
        <source>Another module is installing something; wait until it has ended, then try again.</source>
        <translation>另一个模块正在安装组件；请等待其结束，然后重试。</translation>
    </message>
    <message>
        <source>Everything that is needed is installed now.</source>
        <translation>所需组件现已全部安装。</translation>
    </message>
    <message>
        <source>The PyTorch extension of Slicer, below 1 MB, which installs PyTorch after a restart.</source>
        <translation>Slicer 的 PyTorch 扩展，小于 1 MB，重启后由它安装 PyTorch。</translation>
    </message>
    <message>
        <source>{what} could not be written into Slicer&apos;s folder; restart Slicer and try again, or ask its administrator.</source>
        <translation>无法将 {what} 写入 Slicer 的文件夹；请重启 Slicer 后重试，或联系其管理员。</translation>
    </message>
    <message>
        <source>{what} could not be installed; look at Slicer&apos;s Python console for the reason, then try again.</source>
        <translation>无法安装 {what}；请在 Slicer 的 Python 控制台中查看原因，然后重试。</translation>
    </message>
    <message>
        <source>Installing {packages}…</source>
        <translation>正在安装 {packages}…</translation>
    </message>
    <message>
        <source>Nothing was installed, so no thin slices can be made; press Apply again to install it later.</source>
        <translation>未安装任何组件，因此无法合成薄层图像；以后需要安装时，请再按一次“开始”。</translation>
    </message>
    <message>
        <source>Slicer is in its testing mode, in which nothing is installed; start it without.</source>
        <translation>Slicer 处于测试模式，此模式下不安装任何组件；请以普通模式启动。</translation>
    </message>
    <message>
        <source>Slicer&apos;s own Python could not be started; install Slicer again.</source>
        <translation>无法启动 Slicer 自带的 Python；请重新安装 Slicer。</translation>
    </message>
    <message>
        <source>The installation was cancelled; what was installed so far stays.</source>
        <translation>安装已取消；此前已安装的组件会保留。</translation>
    </message>
    <message>
        <source>Installing: {line}</source>
        <translation>正在安装：{line}</translation>
    </message>
    <message>
        <source>{packages}: below 1 MB each.</source>
        <translation>{packages}：各小于 1 MB。</translation>
    </message>
    <message>
        <source>{free} GB are free on the disk of Slicer. Nothing of your data is sent.</source>
        <translation>Slicer 所在磁盘的可用空间为 {free} GB。您的数据不会被发送。</translation>
    </message>
</context>
<context>
    <name>setup.sample_volumes</name>
    <message>
        <source>Chest phantom 5 mm</source>
        <translation>胸部体模 5 mm</translation>
    </message>
    <message>
        <source>CTChest could not be downloaded; check the internet connection and try again.</source>
        <translation>无法下载 CTChest；请检查互联网连接，然后重试。</translation>
    </message>
    <message>
        <source>CTChest averaged to 5 mm</source>
        <translation>CTChest（平均为 5 mm）</translation>
    </message>
    <message>
        <source>Preparing {name}…</source>
        <translation>正在准备 {name}…</translation>
    </message>
    <message>
        <source>Drawing the phantom: {percent} %</source>
        <translation>正在绘制体模：{percent} %</translation>
    </message>
</context>
<context>
    <name>setup.weights_list</name>
    <message>
        <source>not on this computer, and no address to download from is known; import its file</source>
        <translation>不在这台计算机上，且没有已知的下载地址；请导入其文件</translation>
    </message>
    <message>
        <source>ready</source>
        <translation>可以使用</translation>
    </message>
    <message>
        <source>ready, not a registered model</source>
        <translation>可以使用，但不是已登记的模型</translation>
    </message>
    <message>
        <source>install ThinSliceSR again</source>
        <translation>请重新安装 ThinSliceSR</translation>
    </message>
    <message>
        <source>remove it, then download it again</source>
        <translation>请删除后重新下载</translation>
    </message>
    <message>
        <source>remove it, then import it again</source>
        <translation>请删除后重新导入</translation>
    </message>
    <message>
        <source>untrained, for tests only</source>
        <translation>未经训练，仅供测试</translation>
    </message>
    <message>
        <source>{name} (untrained, for tests only)</source>
        <translation>{name}（未经训练，仅供测试）</translation>
    </message>
    <message>
        <source>not on this computer, can be downloaded</source>
        <translation>不在这台计算机上，可以下载</translation>
    </message>
    <message>
        <source>The model {name} cannot tell where it may be wrong; choose another under Advanced.</source>
        <translation>模型 {name} 无法给出何处可能有误；请在“高级”中选择其他模型。</translation>
    </message>
    <message>
        <source>No model on this computer can tell where it may be wrong; get one under Models.</source>
        <translation>此计算机上没有能给出何处可能有误的模型；请在“模型”中获取。</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>自动</translation>
    </message>
    <message>
        <source>Fast: {name}</source>
        <translation>快速：{name}</translation>
    </message>
    <message>
        <source>Automatic ({on_gpu} on a GPU, {on_cpu} on a CPU)</source>
        <translation>自动（GPU 用 {on_gpu}，CPU 用 {on_cpu}）</translation>
    </message>
    <message>
        <source>tells where it may be wrong</source>
        <translation>可给出何处可能有误</translation>
    </message>
    <message>
        <source>Best: {name}</source>
        <translation>最佳：{name}</translation>
    </message>
    <message>
        <source>Automatic ({name})</source>
        <translation>自动（{name}）</translation>
    </message>
    <message>
        <source>{size} MB</source>
        <translation>{size} MB</translation>
    </message>
    <message>
        <source>in your own folder</source>
        <translation>在您自己的文件夹中</translation>
    </message>
    <message>
        <source>came with ThinSliceSR</source>
        <translation>随 ThinSliceSR 提供</translation>
    </message>
    <message>
        <source>not used, because another of this name is found first</source>
        <translation>未使用，因为先找到了同名的另一个权重</translation>
    </message>
    <message>
        <source>damaged; {remedy}</source>
        <translation>已损坏；{remedy}</translation>
    </message>
    <message>
        <source>not the registered model of this name; {remedy}</source>
        <translation>不是以此名称登记的模型；{remedy}</translation>
    </message>
</context>
<context>
    <name>worker.outcome</name>
    <message>
        <source>Something unexpected went wrong ({kind}); look at Slicer&apos;s Python console, and report what it says.</source>
        <translation>发生意外错误（{kind}）；请查看 Slicer 的 Python 控制台，并报告其中的内容。</translation>
    </message>
    <message>
        <source>The memory of this computer does not suffice; close other programs or crop the volume.</source>
        <translation>这台计算机的内存不足；请关闭其他程序，或裁剪体数据。</translation>
    </message>
</context>
<context>
    <name>worker.private_folder</name>
    <message>
        <source>No temporary folder can be made in {folder} ({reason}); make room there or restart Slicer.</source>
        <translation>无法在 {folder} 中创建临时文件夹（{reason}）；请在该处腾出空间，或重启 Slicer。</translation>
    </message>
</context>
<context>
    <name>worker.worker_process</name>
    <message>
        <source>The background program ended unexpectedly; try again, and restart Slicer if it happens again.</source>
        <translation>后台程序意外结束；请重试，如再次发生，请重启 Slicer。</translation>
    </message>
    <message>
        <source>The background program could not be started ({program}); restart Slicer, or install it again.</source>
        <translation>无法启动后台程序（{program}）；请重启 Slicer，或重新安装 Slicer。</translation>
    </message>
</context>
</TS>
